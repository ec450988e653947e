package simulate

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"stageprobe/analyze/attribution"
)

func TestTryWhole(t *testing.T) {
	runs := 400
	if n, err := strconv.Atoi(os.Getenv("N")); err == nil {
		runs = n
	}
	o := Options{Runs: runs, Seed: 1}
	switch os.Getenv("F") {
	case "cal":
		f, err := calibration(t.Context(), o)
		fmt.Println(err)
		Markdown(os.Stdout, f)
	case "str":
		f, err := strangers(t.Context(), o)
		fmt.Println(err)
		Markdown(os.Stdout, f)
	case "null":
		f, err := falseVerdicts(t.Context(), o)
		fmt.Println(err)
		Markdown(os.Stdout, f)
	}
}

func explainNow(v *view) attribution.Result {
	return attribution.Explain(v.at(v.rows[len(v.rows)-1].At+logWait, false))
}
