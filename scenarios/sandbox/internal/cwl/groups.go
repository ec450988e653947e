package cwl

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// groupCalls are the calls about groups and streams.
type groupCalls struct{ *Store }

const (
	maxDescribed = 50 // groups or streams of one Describe page
	tooOld       = 14 * 24 * time.Hour
	tooNew       = 2 * time.Hour
)

type describeGroupsInput struct {
	Prefix  string `json:"logGroupNamePrefix"`
	Pattern string `json:"logGroupNamePattern"`
	Limit   int    `json:"limit"`
	Token   string `json:"nextToken"`
}

func (in describeGroupsInput) resource() string { return cmp.Or(in.Prefix, in.Pattern) }

type describedGroup struct {
	Name              string `json:"logGroupName"`
	CreationTime      int64  `json:"creationTime"`
	MetricFilterCount int    `json:"metricFilterCount"`
	ARN               string `json:"arn"`
	LogGroupARN       string `json:"logGroupArn"`
	StoredBytes       int64  `json:"storedBytes"`
	Class             string `json:"logGroupClass"`
}

type describeGroupsOutput struct {
	Groups []describedGroup `json:"logGroups"`
	Token  string           `json:"nextToken,omitempty"`
}

func (s groupCalls) describeLogGroups(in describeGroupsInput) (any, error) {
	if in.Prefix != "" && in.Pattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if strings.HasPrefix(name, in.Prefix) && strings.Contains(name, in.Pattern) {
			names = append(names, name)
		}
	}
	names, token, err := page(names, func(n string) string { return n }, in.Token, in.Limit, maxDescribed)
	if err != nil {
		return nil, err
	}
	out := describeGroupsOutput{Groups: []describedGroup{}, Token: token}
	for _, name := range names {
		out.Groups = append(out.Groups, s.describe(s.groups[name]))
	}
	return out, nil
}

func (s groupCalls) describe(g *group) describedGroup {
	return describedGroup{
		Name:         g.name,
		CreationTime: g.created.UnixMilli(),
		ARN:          s.arn(g.name) + ":*",
		LogGroupARN:  s.arn(g.name),
		Class:        cmp.Or(s.classes[g.name], "STANDARD"),
	}
}

// target names a log group by name or, in newer operations, by identifier (name or ARN).
type target struct {
	Name       string `json:"logGroupName"`
	Identifier string `json:"logGroupIdentifier"`
}

func (t target) resource() string { return groupName(cmp.Or(t.Name, t.Identifier)) }

// group finds the group that a request names.
func (s *Store) group(t target) (*group, error) {
	switch {
	case t.Name == "" && t.Identifier == "":
		return nil, invalid("Either a logGroupName or logGroupIdentifier is required.")
	case t.Name != "" && t.Identifier != "":
		return nil, invalid("LogGroup name and LogGroup identifier are mutually exclusive parameters.")
	}
	g := s.groups[t.resource()]
	if g == nil {
		return nil, errNoGroup
	}
	return g, nil
}

// SetClass makes a group one of another class than STANDARD.
func (s *Store) SetClass(group, class string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.classes == nil {
		s.classes = map[string]string{}
	}
	s.classes[group] = class
}

// unsupported refuses an operation that the group's class does not have, in the
// service's words.
func (s *Store) unsupported(g *group, op string) error {
	class := s.classes[g.name]
	if class == "" || class == "STANDARD" || class == "INFREQUENT_ACCESS" && op == "StartQuery" {
		return nil
	}
	return fail("InvalidOperationException", "Log group "+g.name+" is of log-group-class "+class+". "+op+" is not supported for this log class.")
}

type describeStreamsInput struct {
	target
	Prefix     string `json:"logStreamNamePrefix"`
	OrderBy    string `json:"orderBy"`
	Descending bool   `json:"descending"`
	Limit      int    `json:"limit"`
	Token      string `json:"nextToken"`
}

type describedStream struct {
	Name          string `json:"logStreamName"`
	CreationTime  int64  `json:"creationTime"`
	FirstEvent    int64  `json:"firstEventTimestamp,omitempty"`
	LastEvent     int64  `json:"lastEventTimestamp,omitempty"`
	LastIngestion int64  `json:"lastIngestionTime,omitempty"`
	ARN           string `json:"arn"`
	StoredBytes   int64  `json:"storedBytes"`
}

type describeStreamsOutput struct {
	Streams []describedStream `json:"logStreams"`
	Token   string            `json:"nextToken,omitempty"`
}

func (s groupCalls) describeLogStreams(in describeStreamsInput) (any, error) {
	g, err := s.group(in.target)
	if err != nil {
		return nil, err
	}
	if in.OrderBy == "LastEventTime" && in.Prefix != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	streams := slices.DeleteFunc(s.streams(g), func(d describedStream) bool {
		return !strings.HasPrefix(d.Name, in.Prefix)
	})
	if in.OrderBy == "LastEventTime" {
		slices.SortStableFunc(streams, func(a, b describedStream) int { return cmp.Compare(a.LastEvent, b.LastEvent) })
	}
	if in.Descending {
		slices.Reverse(streams)
	}
	streams, token, err := page(streams, func(d describedStream) string { return d.Name }, in.Token, in.Limit, maxDescribed)
	if err != nil {
		return nil, err
	}
	return describeStreamsOutput{streams, token}, nil
}

// streams describes the streams of a group by what of them is visible, sorted by name.
func (s groupCalls) streams(g *group) []describedStream {
	byName := map[string]*describedStream{}
	for name, st := range g.streams {
		byName[name] = &describedStream{
			Name:         name,
			CreationTime: st.created.UnixMilli(),
			ARN:          s.arn(g.name) + ":log-stream:" + name,
		}
	}
	now := s.opt.Now()
	for _, e := range g.events {
		if d := byName[e.stream]; e.visible(now) {
			d.FirstEvent = cmp.Or(d.FirstEvent, e.at)
			d.LastEvent = e.at
			d.LastIngestion = max(d.LastIngestion, e.ingested)
		}
	}
	out := make([]describedStream, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, *byName[name])
	}
	return out
}

func (s groupCalls) createLogGroup(in target) (any, error) {
	if s.groups[in.Name] != nil {
		return nil, fail("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	delete(s.deleted, in.Name)
	s.makeGroup(in.Name)
	return nil, nil
}

func (s groupCalls) deleteLogGroup(in target) (any, error) {
	if _, err := s.group(in); err != nil {
		return nil, err
	}
	s.dropGroup(in.Name)
	return nil, nil
}

type streamInput struct {
	target
	Stream string `json:"logStreamName"`
}

func (s groupCalls) createLogStream(in streamInput) (any, error) {
	g, err := s.group(in.target)
	if err != nil {
		return nil, err
	}
	if g.streams[in.Stream] != nil {
		return nil, fail("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	s.makeStream(g, in.Stream)
	return nil, nil
}

type putInput struct {
	streamInput
	Events []struct {
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	} `json:"logEvents"`
}

type rejected struct {
	TooOldEnd   *int `json:"tooOldLogEventEndIndex,omitempty"`
	TooNewStart *int `json:"tooNewLogEventStartIndex,omitempty"`
}

type putOutput struct {
	Token    string    `json:"nextSequenceToken"`
	Rejected *rejected `json:"rejectedLogEventsInfo,omitempty"`
}

func (s groupCalls) putLogEvents(in putInput) (any, error) {
	g, err := s.group(in.target)
	if err != nil {
		return nil, err
	}
	if g.streams[in.Stream] == nil {
		return nil, errNoStream
	}
	events := make([]Event, len(in.Events))
	for i, e := range in.Events {
		if i > 0 && e.Timestamp < in.Events[i-1].Timestamp {
			return nil, invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		events[i] = Event{time.UnixMilli(e.Timestamp), e.Message}
	}
	accepted, info := s.acceptable(events)
	s.put(g, in.Stream, accepted)
	return putOutput{position{seq: s.seq}.id(), info}, nil
}

// acceptable cuts off the events that the service refuses by age: older than 14 days, more than two
// hours in the future.
func (s groupCalls) acceptable(events []Event) ([]Event, *rejected) {
	now := s.opt.Now()
	old, end := 0, len(events)
	for old < end && events[old].Time.Before(now.Add(-tooOld)) {
		old++
	}
	for end > old && events[end-1].Time.After(now.Add(tooNew)) {
		end--
	}
	if old == 0 && end == len(events) {
		return events, nil
	}
	info := &rejected{}
	if old > 0 {
		info.TooOldEnd = &old
	}
	if end < len(events) {
		info.TooNewStart = &end
	}
	return events[old:end], info
}
