package cwl

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"time"
)

// queries are the calls of Logs Insights.
type queries struct{ *Store }

// query is one Insights query, with its results once it is complete.
type query struct {
	id      string
	program *program
	groups  []string
	start   int64 // epoch milliseconds, inclusive
	end     int64
	limit   int
	polls   int // GetQueryResults answers so far
	status  string
	started time.Time
	results queryResults
}

type queryResults struct {
	rows    [][]resultField
	matched int
	scanned int
	bytes   int
}

type resultField struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

type startQueryInput struct {
	Name        string   `json:"logGroupName"`
	Names       []string `json:"logGroupNames"`
	Identifiers []string `json:"logGroupIdentifiers"`
	Start       *int64   `json:"startTime"`
	End         *int64   `json:"endTime"`
	Query       string   `json:"queryString"`
	Limit       int      `json:"limit"`
	Language    string   `json:"queryLanguage"`
}

func (in startQueryInput) resource() string {
	if groups, err := in.groups(); err == nil {
		return groups[0]
	}
	return ""
}

// groups that a query names, in exactly one of the three ways.
func (in startQueryInput) groups() ([]string, error) {
	var ways [][]string
	if in.Name != "" {
		ways = append(ways, []string{in.Name})
	}
	for _, list := range [][]string{in.Names, in.Identifiers} {
		if len(list) > 0 {
			ways = append(ways, list)
		}
	}
	if len(ways) != 1 {
		return nil, invalid("Exactly one of logGroupName, logGroupNames or logGroupIdentifiers is required.")
	}
	if len(ways[0]) > 50 {
		return nil, invalid("1 validation error detected: Value at 'logGroupNames' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	names := make([]string, len(ways[0]))
	for i, identifier := range ways[0] {
		names[i] = groupName(identifier)
	}
	return names, nil
}

type startQueryOutput struct {
	ID string `json:"queryId"`
}

func (s queries) startQuery(in startQueryInput) (any, error) {
	groups, err := in.groups()
	if err != nil {
		return nil, err
	}
	for _, name := range groups {
		if s.groups[name] == nil {
			return nil, fail("ResourceNotFoundException", fmt.Sprintf("Log group '%s' does not exist for account ID '%s'", name, s.opt.Account))
		}
		if err := s.unsupported(s.groups[name], "StartQuery"); err != nil {
			return nil, err
		}
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	if s.gate.faults.Quota && s.running() >= maxQueries {
		return nil, fail("LimitExceededException", fmt.Sprintf("Account maximum query concurrency limit of [%d] reached.", maxQueries))
	}
	program, err := parseProgram(in.Query)
	if err != nil {
		return nil, err
	}
	return s.addQuery(in, groups, program), nil
}

func (in startQueryInput) validate() error {
	switch {
	case in.Language != "" && in.Language != "CWLI":
		return invalid("Query language %s is not served here.", in.Language)
	case in.Start == nil || in.End == nil || *in.End < *in.Start:
		return invalid("Query time range is invalid: startTime must not be after endTime.")
	}
	return checkLimit(in.Limit, maxRows)
}

func (s queries) addQuery(in startQueryInput, groups []string, program *program) startQueryOutput {
	s.seq++
	q := &query{
		id:      requestID(s.opt.Seed, s.seq),
		program: program,
		groups:  groups,
		start:   *in.Start * 1000,
		end:     *in.End*1000 + 999, // the last second is part of the range
		limit:   in.Limit,
		status:  "Scheduled",
		started: s.opt.Now(),
	}
	if s.opt.Retention > 0 {
		maps.DeleteFunc(s.queries, func(_ string, old *query) bool { return q.started.Sub(old.started) > s.opt.Retention })
	}
	s.queries[q.id] = q
	return startQueryOutput{q.id}
}

func (s queries) running() (n int) {
	for _, q := range s.queries {
		if q.status == "Scheduled" || q.status == "Running" {
			n++
		}
	}
	return n
}

type queryInput struct {
	ID       string `json:"queryId"`
	MaxItems int    `json:"maxItems"`
	Token    string `json:"nextToken"`
}

func (in queryInput) resource() string { return in.ID }

type statistics struct {
	Matched float64 `json:"recordsMatched"`
	Scanned float64 `json:"recordsScanned"`
	Bytes   float64 `json:"bytesScanned"`
}

type queryOutput struct {
	Language   string          `json:"queryLanguage"`
	Results    [][]resultField `json:"results"`
	Statistics statistics      `json:"statistics"`
	Status     string          `json:"status"`
	Token      string          `json:"nextToken,omitempty"`
}

func (s queries) getQueryResults(in queryInput) (any, error) {
	q := s.queries[in.ID]
	if q == nil {
		return nil, fail("ResourceNotFoundException", fmt.Sprintf("Query with id '%s' not found", in.ID))
	}
	s.advance(q)
	rows, token, err := q.page(in)
	if err != nil {
		return nil, err
	}
	return queryOutput{
		Language:   "CWLI",
		Results:    rows,
		Statistics: statistics{float64(q.results.matched), float64(q.results.scanned), float64(q.results.bytes)},
		Status:     q.status,
		Token:      token,
	}, nil
}

// advance moves a query on by one poll: Scheduled, Running, then Complete with what is visible at that time.
func (s queries) advance(q *query) {
	if q.status != "Scheduled" && q.status != "Running" {
		return
	}
	polls := max(cmp.Or(s.opt.QueryPolls, 1), 0)
	switch {
	case q.polls >= polls:
		q.status, q.results = "Complete", s.run(q)
	case q.polls > 0 || polls == 1:
		q.status = "Running"
	}
	q.polls++
}

// run evaluates a query.
func (s queries) run(q *query) (out queryResults) {
	now := s.opt.Now()
	var rows []row
	for r := range s.scan(q) {
		if !r.visible(now) {
			continue
		}
		out.scanned++
		out.bytes += len(r.message)
		if q.program.matches(r) {
			rows = append(rows, r)
		}
	}
	out.matched = len(rows)
	out.rows = [][]resultField{}
	for _, r := range q.program.order(rows, q.limit) {
		out.rows = append(out.rows, q.program.project(r))
	}
	return out
}

// scan yields the events of a query's groups and time range, as rows.
func (s queries) scan(q *query) iter.Seq[row] {
	return func(yield func(row) bool) {
		for _, name := range q.groups {
			g := s.groups[name]
			if g == nil {
				continue // deleted meanwhile
			}
			for _, e := range g.from(position{at: q.start}) {
				if e.at > q.end {
					break
				}
				r := row{entry: e, group: name, log: s.opt.Account + ":" + name}
				r.document, _ = parseDocument(e.message)
				if !yield(r) {
					return
				}
			}
		}
	}
}

// project picks the fields that a query shows; @ptr always comes last, absent fields are left out.
func (p *program) project(r row) (out []resultField) {
	fields := p.fields
	if fields == nil {
		fields = []string{"@timestamp", "@message"}
	}
	for _, name := range fields {
		if value, ok := r.show(name); ok && name != "@ptr" {
			out = append(out, resultField{name, value})
		}
	}
	ptr, _ := r.show("@ptr")
	return append(out, resultField{"@ptr", ptr})
}

// page cuts the results: at most maxItems rows from the token, which is a row number.
func (q *query) page(in queryInput) ([][]resultField, string, error) {
	start := 0
	if in.Token != "" {
		n, err := strconv.Atoi(in.Token)
		if err != nil || n < 0 || n > len(q.results.rows) {
			return nil, "", errToken
		}
		start = n
	}
	size := min(cmp.Or(in.MaxItems, maxPageEvents), maxPageEvents)
	if size < 0 {
		return nil, "", invalid("maxItems must be positive.")
	}
	end := min(start+size, len(q.results.rows))
	token := ""
	if end < len(q.results.rows) {
		token = strconv.Itoa(end)
	}
	return append([][]resultField{}, q.results.rows[start:end]...), token, nil
}

func (s queries) stopQuery(in queryInput) (any, error) {
	q := s.queries[in.ID]
	if q == nil {
		return nil, fail("ResourceNotFoundException", fmt.Sprintf("Query with id '%s' not found", in.ID))
	}
	if q.status != "Scheduled" && q.status != "Running" {
		return nil, invalid("The query cannot be stopped because it has already ended with status %s.", q.status)
	}
	q.status = "Cancelled"
	return map[string]bool{"success": true}, nil
}
