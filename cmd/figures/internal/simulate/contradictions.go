package simulate

import "stageprobe/analyze/attribution"

func contradictions(v *view, in *attribution.Input, r *attribution.Result) []string { return nil }
