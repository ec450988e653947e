package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"stageprobe/analyze"
	"stageprobe/analyze/report"
	"stageprobe/probe"
	"stageprobe/probe/recording"
	"stageprobe/probe/redact"
)

// formats are the values of --format.
func formats() []string {
	var names []string
	for _, f := range report.Formats {
		names = append(names, f.Name)
	}
	return names
}

// output is one --format with where it goes: a file, or stdout where path is
// empty or "-".
type output struct {
	format, path string
	stream       *report.Stream // of a run that is under way, for a format that is one
	file         *os.File       // that the stream goes to
}

// outputs collects --format and -o in the order they were given, so that they
// pair up: a format takes the next -o, an -o without a format goes by its
// extension.
type outputs struct{ list []output }

func (o *outputs) bind(fs *pflag.FlagSet) {
	fs.Var(formatFlag{o}, "format", strings.Join(formats(), ", ")+"; may be repeated, each with its own -o")
	fs.VarP(pathFlag{o}, "output", "o", "`file` for the format before it")
}

type formatFlag struct{ *outputs }
type pathFlag struct{ *outputs }

func (formatFlag) Type() string   { return "format" }
func (formatFlag) String() string { return "" }
func (pathFlag) Type() string     { return "file" }
func (pathFlag) String() string   { return "" }

func (f formatFlag) Set(v string) error {
	if v == "md" {
		v = "markdown"
	}
	if !slices.Contains(formats(), v) {
		return fmt.Errorf("unknown format %q: use %s", v, strings.Join(formats(), ", "))
	}
	f.list = append(f.list, output{format: v})
	return nil
}

func (p pathFlag) Set(v string) error {
	if n := len(p.list); n > 0 && p.list[n-1].path == "" {
		p.list[n-1].path = v
		return nil
	}
	p.list = append(p.list, output{format: byExtension(v), path: v})
	return nil
}

func byExtension(path string) string {
	for _, f := range report.Formats {
		if slices.Contains(f.Extensions, strings.ToLower(filepath.Ext(path))) {
			return f.Name
		}
	}
	return "text"
}

// check catches a report that could not be written, before anything is sent.
func (o *outputs) check(record string) error {
	taken := map[string]string{}
	shown := ""
	if record != "" {
		taken[canonical(record)] = "the recording"
	}
	for _, x := range o.list {
		if x.path == "" || x.path == "-" {
			if shown != "" {
				return hint(fmt.Errorf("--format %s and --format %s would both go to standard output", shown, x.format),
					"give each but one a file of its own: --format %s -o FILE", x.format)
			}
			shown = x.format
			continue
		}
		if first, ok := taken[canonical(x.path)]; ok {
			return fmt.Errorf("-o %s: both %s and %s would be written to it; give each format a file of its own", x.path, first, x.format)
		}
		taken[canonical(x.path)] = x.format
		if info, err := os.Stat(x.path); err == nil && info.IsDir() {
			return fmt.Errorf("-o %s: this is a folder; name a file in it", x.path)
		} else if err == nil && !info.Mode().IsRegular() {
			continue // a pipe or a device is there to be written to
		} else if err == nil && recording.InUse(x.path) {
			return hint(fmt.Errorf("-o %s: another run is writing its recording to it", x.path), "name another file")
		}
		tmp, err := os.CreateTemp(filepath.Dir(x.path), ".stageprobe.*")
		if err != nil {
			return hint(fmt.Errorf("-o %s: %w", x.path, bare(err)), "name a folder that exists and may be written to")
		}
		_ = tmp.Close() // nothing was written
		_ = os.Remove(tmp.Name())
	}
	return nil
}

// aside is where a word may go that is no part of a report: standard output, unless
// a program reads it.
func (o *outputs) aside(s Streams) io.Writer {
	for _, x := range o.list {
		if (x.path == "" || x.path == "-") && x.format != "text" {
			return s.Err
		}
	}
	return s.Out
}

// canonical is one name for a file that has several.
func canonical(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(folder, filepath.Base(path))
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if to, err := os.Readlink(path); err == nil { // a link to a file that is yet to be made
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		return to
	}
	return path
}

// write makes every format asked for; what one of them cannot have is told in the
// end, and the others are made all the same. Where all go to files, the terminal gets
// the text as well, unless quiet.
func (o *outputs) write(s Streams, rep *analyze.Report, quiet, verbose bool) error {
	made := *rep
	made.Run.Command = cmp.Or(made.Run.Command, s.commandLine())
	clean := redact.Texts(made, s.secrets.String)
	rep = &clean
	list := slices.Clone(o.list)
	toFile := func(x output) bool { return x.path != "" && x.path != "-" }
	if !slices.ContainsFunc(list, func(x output) bool { return !toFile(x) }) && !(quiet && len(list) > 0) {
		list = append(list, output{format: "text"})
	}
	var failed []error
	for _, x := range list {
		if err := x.write(s, rep, quiet, verbose); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// begin opens the streams: who reads JSON lines sees the run while it runs.
func (o *outputs) begin(s Streams, plan *probe.Plan, now func() time.Time) error {
	for i := range o.list {
		x := &o.list[i]
		if x.format != "jsonl" {
			continue
		}
		var w io.Writer = s.Out
		if x.path != "" && x.path != "-" {
			file, err := os.OpenFile(x.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
			if err != nil {
				return hint(fmt.Errorf("write %s: %w", x.path, err), "name a file in a folder that exists and may be written to")
			}
			x.file, w = file, file
		}
		x.stream = report.NewStream(w, now, s.secrets.String)
		x.stream.Plan(plan)
	}
	return nil
}

// progress tells the streams where the run stands.
func (o *outputs) progress(p *analyze.Progress) {
	for i := range o.list {
		if stream := o.list[i].stream; stream != nil {
			stream.Progress(p)
		}
	}
}

// change tells the streams what a watch announces.
func (o *outputs) change(c *analyze.Change) {
	for i := range o.list {
		if stream := o.list[i].stream; stream != nil {
			stream.Change(c)
		}
	}
}

func (x output) write(s Streams, rep *analyze.Report, quiet, verbose bool) error {
	if x.stream != nil {
		err := x.stream.End(rep)
		if x.file != nil {
			err = cmp.Or(err, x.file.Close())
		}
		return err
	}
	if x.path == "" || x.path == "-" {
		width, tty := terminal(s.Out)
		return render(s.Out, x.format, rep, report.Options{
			Width: min(width, 120), Color: s.colour(s.Out), ASCII: tty && !utf8Locale(), Quiet: quiet, Verbose: verbose,
		})
	}
	var b bytes.Buffer
	if err := render(&b, x.format, rep, report.Options{Width: 80, Quiet: quiet, Verbose: verbose}); err != nil {
		return err
	}
	// Appending is what $GITHUB_STEP_SUMMARY is made for: other steps write to it too.
	if x.path == os.Getenv("GITHUB_STEP_SUMMARY") {
		return appendFile(x.path, b.Bytes())
	}
	return writeFile(x.path, b.Bytes())
}

func render(w io.Writer, format string, rep *analyze.Report, o report.Options) error {
	for _, f := range report.Formats {
		if f.Name == format {
			return f.Write(w, rep, o)
		}
	}
	return fmt.Errorf("unknown format %q", format)
}

// writeFile replaces a file as a whole: a reader never sees half a report. It is
// its owner's alone, whatever was there before: answers are nobody else's business.
func writeFile(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, data, 0o600) // a pipe or device cannot be renamed over
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return hint(fmt.Errorf("write %s: %w", path, bare(err)), "name a folder that exists and may be written to")
	}
	_, werr := tmp.Write(data)
	err = cmp.Or(werr, tmp.Chmod(0o600), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("write %s: %w", path, bare(err))
	}
	return nil
}

// bare is an error of a file without the file's name, where that is a temporary one
// that nobody gave.
func bare(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

func appendFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	return cmp.Or(err, f.Close())
}

// unwritten tells what could not be written after a run, and ends it with the run's
// own code: something was sent, so it is no wrong use. An interrupt stays one, as
// where the reader of a pipe went away.
func (s Streams) unwritten(err error, rep *analyze.Report) error {
	fmt.Fprintf(s.Err, "error: %s\n", safeText(s.secrets, err.Error()))
	if rep.ExitCode == analyze.ExitOK {
		return exitError(ExitUndecided)
	}
	return exitError(rep.ExitCode)
}
