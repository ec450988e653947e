package main

import (
	"os"
	"os/exec"
	"testing"

	"stageprobe/analyze"
)

// tryOut is what a newcomer does who has no API at hand: the lines that sandbox
// prints lead there, and then everything works as on AWS, without more flags.
const tryOut = `
coproc stageprobe sandbox healthy
gateway=$COPROC_PID
while read -r line <&"${COPROC[0]}"; do
  case $line in
    'export '*) eval "$line" ;;
    'stageprobe check '*) break ;;
  esac
done
eval "$line --dry-run"
stageprobe init --api orders7x2a -o scenarios.yaml
code=0
stageprobe check -f scenarios.yaml --rate 600 --seed 1 -q --format json -o report.json || code=$?
kill "$gateway"
exit "$code"
`

func TestSandboxPrintsWhatReachesIt(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash on PATH")
	}
	b := &box{dir: t.TempDir()}
	cmd := exec.CommandContext(t.Context(), bash, "-e", "-c", tryOut)
	cmd.Dir, cmd.Env = b.dir, os.Environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if rep := b.read(t, "report.json", 0, string(out)); rep.Outcome != analyze.Consistent || rep.Run.Failed > 0 {
		t.Errorf("%s, %d requests failed: %v", rep.Outcome, rep.Run.Failed, rep.Verdict)
	}
}
