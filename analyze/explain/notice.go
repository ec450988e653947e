package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"time"

	"stageprobe/analyze/signature"
)

// Notice is something that is neither an answer nor a logged request: a part of a
// configuration, or the error of a deployment. Nil is unknown.
type Notice struct {
	Subject      string                `json:"subject"` // such as "stage prod"
	Tool         *string               `json:"tool"`    // that deployed, where the error shows it
	APIID        *string               `json:"api_id"`
	Stage        *string               `json:"stage"`
	DeploymentID *string               `json:"deployment_id"`
	Says         []string              `json:"says"` // what stands there, in sentences
	Candidates   []signature.Candidate `json:"candidates"`

	// Count is how often an error came, where it came several times, between First and
	// Last; nil where nothing tells.
	Count int        `json:"count,omitempty"`
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
}

// explainNotice reads a configuration or a deployment's error; nil where the text
// is neither.
func explainNotice(text []byte) *Document {
	if notices := readConfiguration(text); len(notices) > 0 {
		return &Document{Kind: KindConfiguration, Notices: notices}
	}
	if notices := readDeploymentErrors(text); len(notices) > 0 {
		return &Document{Kind: KindDeployment, Notices: notices}
	}
	return nil
}

func (n *Notice) add(c signature.Candidate) {
	c.Finding = cmp.Or(c.Finding, c.Cause)
	n.Candidates = append(n.Candidates, c)
}

func (n *Notice) say(format string, args ...any) {
	n.Says = append(n.Says, fmt.Sprintf(format, args...))
}

func (n *Notice) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s\n", n.Subject)
	facts(b, []fact{{"tool", str(n.Tool)}, {"API id", str(n.APIID)}, {"stage", str(n.Stage)}, {"deployment", str(n.DeploymentID)}})
	for _, s := range n.Says {
		wrap(b, "  ", "  ", s)
	}
	reasons(b, n.Candidates)
}
