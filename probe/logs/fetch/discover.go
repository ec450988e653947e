package fetch

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"stageprobe/probe"
	"stageprobe/probe/logs"
)

// discovery finds the log groups of stages.
type discovery struct{ *run }

// discover finds the groups of the wanted stages. A group once found is not
// looked for again.
func (r discovery) discover(ctx context.Context) error {
	if r.Reader.groups == nil {
		r.Reader.groups = map[string]*group{}
	}
	for _, s := range r.request.Stages {
		if err := r.discoverExecution(ctx, s); err != nil {
			return err
		}
		if err := r.discoverAccess(ctx, s); err != nil {
			return err
		}
	}
	// Canary groups come last: what is complete in a stage's group by then has
	// had the time to arrive in the canary's.
	slices.SortStableFunc(r.groups, func(a, b *group) int {
		switch {
		case a.Canary == b.Canary:
			return 0
		case a.Canary:
			return 1
		}
		return -1
	})
	return nil
}

func (r discovery) discoverExecution(ctx context.Context, s StageLogs) error {
	if s.Kind == probe.HTTP {
		return nil
	}
	names := logs.ExecutionGroups(s.API, s.Stage)
	base := probe.LogGroup{Source: probe.ExecutionLog, APIID: s.API, Stage: s.Stage, Level: s.Level}
	// The names come in pairs per spelling, the likelier spelling first. The
	// canary's group may be spelled otherwise than its stage's: AWS writes it so.
	any := false
	for pair := range slices.Chunk(names, 2) {
		found, err := r.lookup(ctx, base, pair[0], s.HasCanary)
		if err != nil {
			return err
		}
		any = any || found
		if found && (!s.HasCanary || r.exists(pair[1])) {
			return nil
		}
	}
	if !any {
		r.absent(base, names[0])
	}
	return nil
}

func (r discovery) exists(name string) bool {
	g := r.Reader.groups[name]
	return g != nil && g.Exists
}

func (r discovery) discoverAccess(ctx context.Context, s StageLogs) error {
	if s.AccessLog.Destination == "" {
		return nil
	}
	name, firehose := logs.AccessGroup(s.AccessLog.Destination)
	subject := "access log of stage " + s.API + "/" + s.Stage
	switch {
	case firehose:
		r.gap(probe.Gap{
			Operation: "FilterLogEvents", Subject: subject, Resource: s.AccessLog.Destination,
			Err:   "the entries go to a Firehose delivery stream, which cannot be read back",
			Costs: "no access-log entry of this stage is used; a CloudWatch Logs group as destination makes it readable",
		})
		return nil
	case name == "":
		r.gap(probe.Gap{
			Operation: "FilterLogEvents", Subject: subject, Resource: s.AccessLog.Destination,
			Err: "the destination is not the ARN of a log group", Costs: "no access-log entry of this stage is used",
		})
		return nil
	}
	base := probe.LogGroup{Source: probe.AccessLogSrc, APIID: s.API, Stage: s.Stage}
	found, err := r.lookup(ctx, base, name, s.HasCanary)
	if err != nil {
		return err
	}
	if !found {
		r.absent(base, name)
	}
	r.teach(s, name)
	return nil
}

// teach gives an access group, and its canary's, the stage and its format.
func (r discovery) teach(s StageLogs, name string) {
	format, err := logs.CompileFormat(s.AccessLog.Format)
	ref := probe.StageRef{APIID: s.API, Stage: s.Stage}
	for _, name := range []string{name, logs.CanaryGroup(name)} {
		g := r.Reader.groups[name]
		if g == nil || g.access == nil || slices.Contains(g.access.stages, ref) {
			continue
		}
		g.access.stages = append(g.access.stages, ref)
		if err == nil {
			g.access.formats = append(g.access.formats, format)
		}
		if len(g.access.stages) > 1 {
			g.APIID, g.Stage = "", "" // shared
		}
	}
}

// lookup finds a group and its canary's, and adds them to those that are read.
func (r discovery) lookup(ctx context.Context, base probe.LogGroup, name string, hasCanary bool) (found bool, err error) {
	canary := logs.CanaryGroup(name)
	if g := r.Reader.groups[name]; g != nil && g.Exists {
		if c := r.Reader.groups[canary]; c != nil && c.Exists || !hasCanary {
			r.add(base, name, "", false)
			if c != nil {
				r.add(base, canary, "", true)
			}
			return true, nil
		}
	}
	listed, denied, err := r.list(ctx, name)
	if err != nil {
		return false, err
	}
	if denied {
		// The names are known; whether the groups exist, reading them tells.
		r.add(base, name, "", false)
		if hasCanary {
			r.add(base, canary, "", true)
		}
		return true, nil
	}
	// A prefix also finds prod2 for prod: names are compared whole.
	for _, one := range []struct {
		name   string
		canary bool
	}{{canary, true}, {name, false}} {
		if g, ok := listed[one.name]; ok {
			r.add(base, one.name, g.arn, one.canary)
			r.Reader.groups[one.name].queried = g.infrequent
			found = true
		}
	}
	return found, nil
}

// listed is what a listing tells of a group.
type listed struct {
	arn        string
	infrequent bool
}

// mostLists bounds the pages of a list of log groups, 50 groups each: names are
// looked for by their prefix.
const mostLists = 40

// list returns the groups whose names begin with prefix, by name.
func (r discovery) list(ctx context.Context, prefix string) (groups map[string]listed, denied bool, err error) {
	groups = map[string]listed{}
	in := &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &prefix}
	for pages := 0; ; pages++ {
		out, err := call(ctx, r.Reader, func() (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
			return r.Client.DescribeLogGroups(ctx, in)
		})
		if err != nil {
			if ctx.Err() != nil {
				return nil, false, err
			}
			r.gap(r.failure("DescribeLogGroups", "log groups "+prefix+"*", "", err,
				"whether the log groups exist is told only by reading them"))
			return nil, true, nil
		}
		for _, g := range out.LogGroups {
			groups[aws.ToString(g.LogGroupName)] = listed{aws.ToString(g.Arn), g.LogGroupClass == types.LogGroupClassInfrequentAccess}
		}
		if aws.ToString(out.NextToken) == "" {
			return groups, false, nil
		}
		if pages == mostLists || aws.ToString(out.NextToken) == aws.ToString(in.NextToken) {
			r.note("log groups %s*: the list was cut after %d pages without an end", prefix, pages+1)
			return groups, false, nil
		}
		in.NextToken = out.NextToken
	}
}

// add makes a group one of those that are read.
func (r discovery) add(base probe.LogGroup, name, arn string, canary bool) {
	base.Name, base.Canary, base.Exists = name, canary, true
	g := r.Reader.groups[name]
	if g == nil {
		g = newGroup(base)
		r.Reader.groups[name] = g
	}
	g.Exists, g.denied = true, false
	g.Level = base.Level
	if arn != "" {
		g.arn = arn
	}
	if !slices.Contains(r.groups, g) {
		r.groups = append(r.groups, g)
	}
}

// absent notes a group that should be there and is not.
func (r discovery) absent(base probe.LogGroup, name string) {
	base.Name = name
	g := newGroup(base)
	if !slices.ContainsFunc(r.groups, func(g *group) bool { return g.Name == name }) {
		r.groups = append(r.groups, g)
	}
}
