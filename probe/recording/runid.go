package recording

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"stageprobe/probe"
)

// RunID is the id of a run that several machines share: it follows from the plan
// and its seed, so that what they record belongs together although no two of them
// have spoken.
func RunID(p *probe.Plan) (string, error) {
	text, err := planText(*p)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = h.Write(binary.BigEndian.AppendUint64(text, p.Seed)) // a hash takes everything
	return "plan-" + hex.EncodeToString(h.Sum(nil)[:8]), nil
}
