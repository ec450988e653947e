package cli

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/report"
	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// lastBaseline names the newest kept report of the same targets.
const lastBaseline = "last"

// mostKept is how many reports the cache holds.
const mostKept = 50

// keptFolder is where reports are kept.
func keptFolder() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "stageprobe", "reports"), nil
}

// keptSuffix is the end of the names of reports on the same targets.
func keptSuffix(ids []string) string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	h := fnv.New64a()
	h.Write([]byte(strings.Join(ids, "\n")))
	return fmt.Sprintf("-%016x.json", h.Sum64())
}

// keepReport puts a report into the user's cache, for a later --baseline last. A
// folder that cannot be written to is no fault of the check.
func keepReport(s Streams, rep *analyze.Report) {
	dir, err := keptFolder()
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	clean := redact.Texts(*rep, s.secrets.String)
	var b bytes.Buffer
	if err == nil {
		err = render(&b, "json", &clean, report.Options{})
	}
	var ids []string
	for i := range rep.Targets {
		ids = append(ids, rep.Targets[i].ID)
	}
	if err == nil {
		err = writeFile(filepath.Join(dir, rep.Run.Started.UTC().Format("20060102T150405.000000000Z")+keptSuffix(ids)), b.Bytes())
	}
	if err != nil {
		slog.Debug("keep the report", "err", err)
		return
	}
	all, _ := filepath.Glob(filepath.Join(dir, "*.json")) // the pattern is right
	slices.Sort(all)
	for len(all) > mostKept {
		_ = os.Remove(all[0]) // it may be gone already
		all = all[1:]
	}
}

// lastReport is the newest kept report of the same targets.
func lastReport(targets []probe.Target) (*analyze.Report, error) {
	var ids []string
	for i := range targets {
		ids = append(ids, targets[i].ID)
	}
	dir, err := keptFolder()
	if err != nil {
		return nil, fmt.Errorf("--baseline last: there is no folder for it: %w", err)
	}
	all, _ := filepath.Glob(filepath.Join(dir, "*"+keptSuffix(ids))) // the pattern is right
	if len(all) == 0 {
		return nil, hint(errors.New("--baseline last: no earlier report of these targets is kept"),
			"run the check once without it; reports are kept in %s", dir)
	}
	return readBaseline(slices.Max(all))
}

// retest is the command that looks again after mending: the same with the kept
// report as baseline. What it would write over, and the formats of that, are left
// out; a secret that was written out is not repeated.
func (s Streams) retest() string {
	dropped := []string{"--baseline", "--record", "--output", "-o"}
	if slices.ContainsFunc(s.args, func(arg string) bool { name, _ := flagOf(arg); return name == "-o" || name == "--output" }) {
		dropped = append(dropped, "--format")
	}
	words := []string{"stageprobe"}
	for i := 0; i < len(s.args); i++ {
		name, valued := flagOf(s.args[i])
		switch {
		case !slices.Contains(dropped, name):
			words = append(words, remedy.Quote(s.secrets.String(s.args[i])))
		case !valued:
			i++
		}
	}
	return strings.Join(append(words, "--baseline", lastBaseline), " ")
}

// flagOf is the flag that an argument names, and whether the argument holds the
// flag's value, too.
func flagOf(arg string) (name string, valued bool) {
	if !strings.HasPrefix(arg, "--") && strings.HasPrefix(arg, "-o") {
		return "-o", len(arg) > len("-o")
	}
	name, _, valued = strings.Cut(arg, "=")
	return name, valued
}
