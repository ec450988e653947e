package cause

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze/remedy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestWholeResults holds all that is found in every world, on the way and at the end, against
// testdata: causes, links and numbers to be read, of everything else a sum. Whoever changes
// how evidence is weighed sees here in which worlds it shows.
func TestWholeResults(t *testing.T) {
	t.Parallel()
	for _, file := range []struct {
		name  string
		of    []truth
		bytes bool
	}{
		{"answers", truths, false}, {"configuration", configTruths, false}, {"bytes", byteTruths, true}, {"rare", rareTruths, false}, {"rare in bytes", rareTruths, true},
	} {
		path := filepath.Join("testdata", "whole", strings.ReplaceAll(file.name, " ", "-")+".golden")
		golden, err := os.ReadFile(path)
		if err != nil && !*update {
			t.Fatal(err)
		}
		wanted := map[string]string{}
		for _, part := range strings.Split(string(golden), "# ") {
			name, text, _ := strings.Cut(part, "\n")
			wanted[name] = text
		}
		var all strings.Builder
		for _, tt := range file.of {
			for _, logs := range []bool{true, false} {
				name := fmt.Sprintf("%s, logs %v", tt.name, logs)
				t.Run(name, func(t *testing.T) {
					w := newWorld(1)
					w.logs, w.bytes = logs, file.bytes
					got := whole(tt.build(w))
					fmt.Fprintf(&all, "# %s\n%s", name, got)
					if diff := cmp.Diff(strings.Split(wanted[name], "\n"), strings.Split(got, "\n")); diff != "" && !*update {
						t.Errorf("%s\n(go test ./analyze/cause -run TestWholeResults -update writes it anew)", diff)
					}
				})
			}
		}
		if *update {
			if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// whole is what is found in a world, at the end and at two looks on the way.
func whole(w *world) string {
	var b strings.Builder
	outline(&b, Explain(w.Input))
	for _, n := range []int{100, 350} {
		if n >= len(w.Rows) {
			break
		}
		in := w.Input
		in.Done, in.Rows = false, w.Rows[:n]
		fmt.Fprintf(&b, "after %d: ", n)
		outline(&b, Explain(in))
	}
	return b.String()
}

// outline writes what a result holds, a line and one for each finding.
func outline(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "decided %v, %d remaining, ended %v", r.Decided, r.Remaining, r.Ended)
	var clusters []string
	for i := range r.Clusters {
		clusters = append(clusters, r.Clusters[i].Summary)
	}
	for _, part := range []struct {
		name string
		of   any
	}{
		{"open", r.Open}, {"steps", r.Steps}, {"claims", r.Claims}, {"measured", r.Measured}, {"posteriors", r.Posteriors}, {"next", r.Next},
		{"efficiency", r.Efficiencies}, {"settings", r.Settings}, {"seen", r.Seen}, {"notes", r.Notes}, {"behaviours", clusters},
	} {
		if v := reflect.ValueOf(part.of); v.Len() > 0 {
			fmt.Fprintf(b, ", %s %s", part.name, sum(part.of))
		}
	}
	b.WriteString("\n")
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(b, "- %s %s %s: %s, %s", f.Severity, f.Cause, f.Linked, strings.Join(f.Targets, " "), strings.Join(f.Scenarios, " "))
		if s := f.Statistics; s != nil {
			fmt.Fprintf(b, "; n %d, effect %.3g, E %.3g, posterior %.3g, bound %.3g", s.N, s.Effect, s.EValue, s.Posterior, s.Bound)
			if s.Share != nil {
				fmt.Fprintf(b, ", share %.3g (%.3g to %.3g)", s.Share.Estimate, s.Share.Low, s.Share.High)
			}
		}
		fmt.Fprintf(b, "; remedies %d, sum %s\n", len(f.Remedy), sum(*f))
	}
}

// sum is a short sum over a value and all in it: of numbers four digits, as the last ones
// differ between processors, and of remedies, whose words are not of this package, their kind.
func sum(v any) string {
	h := fnv.New32a()
	sumInto(h, reflect.ValueOf(v))
	return fmt.Sprintf("%08x", h.Sum32())
}

func sumInto(h io.Writer, v reflect.Value) {
	if !v.IsValid() {
		io.WriteString(h, "nil;")
		return
	}
	fmt.Fprint(h, v.Type(), ":")
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			io.WriteString(h, "nil;")
			return
		}
		sumInto(h, v.Elem())
	case reflect.Struct:
		switch v.Type() {
		case reflect.TypeFor[time.Time]():
			fmt.Fprint(h, v.Field(0), v.Field(1), ";")
			return
		case reflect.TypeFor[remedy.Remedy]():
			fmt.Fprint(h, v.FieldByName("Command").Len() > 0, v.FieldByName("Then"), v.FieldByName("Diagnoses"), ";")
			return
		}
		for i := range v.NumField() {
			sumInto(h, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprint(h, v.Len(), "[")
		for i := range v.Len() {
			sumInto(h, v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			fmt.Fprint(h, k, "=")
			sumInto(h, v.MapIndex(k))
		}
	case reflect.Float64:
		fmt.Fprintf(h, "%.4g;", v.Float())
	case reflect.Func:
	default:
		fmt.Fprint(h, v, ";")
	}
}
