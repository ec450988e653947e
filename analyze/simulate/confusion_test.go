package simulate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

func TestTryWorlds(t *testing.T) {
	runs := 6
	if n, err := strconv.Atoi(os.Getenv("N")); err == nil {
		runs = n
	}
	for _, w := range Worlds() {
		if only := os.Getenv("W"); only != "" && only != w.Name {
			continue
		}
		start := time.Now()
		type out struct {
			called string
			o      Outcome
			used   int
		}
		got, err := play(t.Context(), 1, "confusion "+w.Name, runs, func(rng *rand.Rand) out {
			v := Diagnose(w, rng)
			if os.Getenv("V") != "" && w.judge(&v) != Right {
				for _, f := range v.Result.Findings {
					fmt.Println("   ", f.Cause, f.Linked, f.Statement)
				}
				for _, o := range v.Result.Open {
					fmt.Printf("    open %+v\n", o)
				}
				fmt.Printf("    post %+v %v\n", v.Result.Posteriors, v.Result.Notes)
			}
			return out{v.called(w), w.judge(&v), v.Used}
		})
		if err != nil {
			t.Fatal(err)
		}
		n, used := [3]int{}, 0
		calls := map[string]int{}
		for _, g := range got {
			n[g.o]++
			used += g.used
			if g.o != Right {
				calls[g.called]++
			}
		}
		fmt.Printf("%-42s right %d inc %d wrong %d  mean %d  %v %v\n", w.Name, n[Right], n[Inconclusive], n[Wrong], used/runs, time.Since(start).Round(time.Millisecond), calls)
	}
}
