package explain

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/analyze/signature"
	list "stageprobe/analyze/words"
	"stageprobe/probe/lazyregexp"
)

// readDeploymentErrors finds the errors of deployments in a text: each kind once, with how
// often it came, when, and for which resources.
func readDeploymentErrors(text []byte) []Notice {
	const most = 256 << 10 // a log's end, where the error stands
	s := string(text[max(0, len(text)-most):])
	lines, events := strings.Split(s, "\n"), stackEvents(text)
	if events != nil {
		lines = events
	}
	f := failures{}
	for _, t := range tools {
		if t.words.MatchString(s) {
			f.tool, f.again = t.name, t.again
			break
		}
	}
	for i := range lines {
		f.read(lines, i)
	}
	out := f.notices()
	if len(out) == 0 && events != nil {
		return []Notice{unknownFailures(events)}
	}
	return out
}

// unknownFailures says that no failed event of a stack is of a kind that is known.
func unknownFailures(events []string) Notice {
	const shown = 5
	n := Notice{Subject: "events of a stack"}
	if len(events) == 0 {
		n.say("None of them is a failure.")
		return n
	}
	for _, e := range events[:min(shown, len(events))] {
		n.say("%s", e)
	}
	if len(events) > shown {
		n.say("And %d more.", len(events)-shown)
	}
	n.say("None of these failures is one that is known here.")
	return n
}

// failures are the errors of deployments that were found so far.
type failures struct {
	tool, again string
	list        []*deployFailure
	at          *time.Time // the last time that stood in the text
}

// deployFailure is one kind of error.
type deployFailure struct {
	kind      int // index into deployErrors
	stage     string
	own       bool // its words name a stage
	separate  bool // it stands in a line that begins an error
	says      string
	once      map[string]bool // by what tells one from another: tools repeat an error
	resources []string
	window    Group
}

var (
	// beginsError is how tools begin the line of an error.
	beginsError = lazyregexp.New(`\bError: |_FAILED\b|An error occurred \(|(?:Exception|HandlerErrorCode): `)
	// errorID tells an error from another of the same words.
	errorID = lazyregexp.New(`[Rr]equest ?I[Dd]: ?([0-9a-fA-F-]{36})`)
	// stamp is a time as logs and the AWS CLI write it.
	stamp = lazyregexp.New(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)`)
	// failedResource is how Terraform and CloudFormation name what an error is of.
	failedResource = lazyregexp.New(`\bwith ([A-Za-z0-9_.\[\]"-]*aws_[a-z0-9_]+\.[A-Za-z0-9_.\[\]"-]+)|([A-Za-z0-9]+) \|? ?(?:AWS::ApiGateway(?:V2)?::|AWS::Lambda::Permission)`)
)

func (f *failures) read(lines []string, i int) {
	line := lines[i]
	if t, err := time.Parse(time.RFC3339, stamp.FindString(line)); err == nil {
		f.at = &t
	}
	for kind := range deployErrors {
		e := &deployErrors[kind]
		found := e.words.FindAllStringSubmatch(line, 16)
		for _, m := range found {
			f.take(kind, m, lines, i)
		}
		if found != nil {
			return // another is the same failure in other words of its sentence
		}
	}
}

func (f *failures) take(kind int, m, lines []string, i int) {
	stage := ""
	if len(m) > 1 {
		stage = m[1]
	}
	at := slices.IndexFunc(f.list, func(x *deployFailure) bool { return x.kind == kind && (x.stage == stage || stage == "") })
	if at < 0 {
		at = len(f.list)
		f.list = append(f.list, &deployFailure{kind: kind, stage: stage, own: len(m) > 1, says: m[0], once: map[string]bool{}})
	}
	x := f.list[at]
	x.separate = x.separate || beginsError.MatchString(lines[i])
	id := strings.TrimSpace(stamp.ReplaceAllString(lines[i], ""))
	if m := errorID.FindStringSubmatch(lines[i]); m != nil {
		id = m[1]
	}
	if x.once[id] {
		return
	}
	x.once[id] = true
	x.window.add(f.at)
	if of := resourceOf(lines, i); of != "" && !slices.Contains(x.resources, of) {
		x.resources = append(x.resources, of)
	}
}

// resourceOf is what an error is of: named in its line, or in one of those that follow it
// before the next error.
func resourceOf(lines []string, i int) string {
	const within = 8
	for j := i; j < min(len(lines), i+within); j++ {
		if j > i && beginsError.MatchString(lines[j]) {
			return ""
		}
		if m := failedResource.FindStringSubmatch(lines[j]); m != nil {
			return cmp.Or(m[1], m[2])
		}
	}
	return ""
}

// notices says each error, in the order of the table. One that begins no error of its own
// is the other's words, where there is another.
func (f *failures) notices() []Notice {
	slices.SortStableFunc(f.list, func(a, b *deployFailure) int { return cmp.Compare(a.kind, b.kind) })
	var out []Notice
	for _, x := range f.list {
		e := &deployErrors[x.kind]
		if len(out) > 0 && (!x.separate && !x.own || hasNotice(out, e.cause, x.stage, x.separate)) {
			continue
		}
		n := Notice{Subject: "the error of a deployment", Tool: known(f.tool), Stage: known(x.stage)}
		n.say("%s", x.says)
		if x.window.Count > 1 {
			n.Count, n.First, n.Last = x.window.Count, x.window.First, x.window.Last
			often := strconv.Itoa(n.Count) + " times"
			if n.First != nil {
				often += ", " + window(n.First, n.Last)
			}
			n.say("%s", often+".")
		}
		if len(x.resources) > 0 {
			n.say("For %s.", list.List(x.resources))
		}
		fill := strings.NewReplacer("$1", cmp.Or(x.stage, "STAGE"))
		apart := e.apart
		if f.again != "" {
			apart += " Then deploy again: " + f.again + "."
		}
		n.add(signature.Candidate{Cause: e.cause, Why: e.why, TellsApart: fill.Replace(apart), Remedy: fill.Replace(e.run)})
		out = append(out, n)
	}
	return out
}

func hasNotice(list []Notice, cause, stage string, separate bool) bool {
	for _, n := range list {
		if !separate && (n.Candidates[0].Cause == cause && str(n.Stage) == stage || n.Stage != nil && stage == "") {
			return true
		}
	}
	return false
}

// stackEvents are the failed events of a stack, as the AWS CLI prints them in JSON, a line
// each, the earliest first; nil where the text holds none.
func stackEvents(text []byte) []string {
	var doc any
	if !strings.Contains(string(text), `"ResourceStatus"`) || json.Unmarshal(text, &doc) != nil {
		return nil
	}
	out := []string{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			text := func(name string) string { s, _ := v[name].(string); return strings.ReplaceAll(s, "\n", " ") }
			if status := text("ResourceStatus"); strings.HasSuffix(status, "_FAILED") {
				out = append(out, strings.Join([]string{text("Timestamp"), text("LogicalResourceId"), text("ResourceType"), status, text("ResourceStatusReason")}, " "))
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
	slices.Sort(out)
	return out
}
