package cwl

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultRows = 10_000
	maxRows     = 100_000
)

// program is a compiled query of CloudWatch Logs Insights. Of the language it knows the commands
// fields, display, filter, sort and limit.
type program struct {
	fields  []string
	filters []condition
	sort    []sortKey
	limit   int
}

type sortKey struct {
	field      string
	descending bool
}

// row is one log event as a query sees it.
type row struct {
	entry
	group, log string
	document   document // nil if the message is no JSON object
}

// field gives a field's value: the built-in ones begin with @, others are looked up in a JSON message.
func (r row) field(name string) (any, bool) {
	switch name {
	case "@timestamp":
		return float64(r.at), true
	case "@ingestionTime":
		return float64(r.ingested), true
	case "@message":
		return r.message, true
	case "@logStream":
		return r.stream, true
	case "@log":
		return r.log, true
	case "@ptr":
		return base64.StdEncoding.EncodeToString([]byte(r.group + "/" + r.position().id())), true
	}
	if r.document == nil {
		return nil, false
	}
	return r.document.find(name)
}

// show renders a field as GetQueryResults does.
func (r row) show(name string) (string, bool) {
	v, ok := r.field(name)
	if at, isNumber := v.(float64); isNumber && (name == "@timestamp" || name == "@ingestionTime") {
		return time.UnixMilli(int64(at)).UTC().Format("2006-01-02 15:04:05.000"), true
	}
	return text(v), ok
}

// parseProgram compiles a query.
func parseProgram(query string) (*program, error) {
	tokens, err := lex(withoutComments(query))
	if err != nil {
		return nil, malformed(err)
	}
	p := &program{}
	for rest := (&parser{tokens, insightsDialect}); ; {
		if err := p.command(rest); err != nil {
			return nil, malformed(err)
		}
		if rest.peek().kind == endToken {
			return p, nil
		}
		if !rest.accept("|") {
			return nil, malformed(fmt.Errorf("unexpected symbol found %s", rest.peek().text))
		}
	}
}

func malformed(err error) *apiError { return fail("MalformedQueryException", err.Error()) }

// withoutComments drops lines that begin with #.
func withoutComments(query string) string {
	lines := strings.Split(query, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "#") })
	return strings.Join(lines, "\n")
}

func (p *program) command(rest *parser) error {
	switch name := rest.next(); {
	case name.word("fields"), name.word("display"):
		return p.addFields(rest)
	case name.word("filter"):
		c, err := rest.expression()
		p.filters = append(p.filters, c)
		return err
	case name.word("sort"):
		return p.addSort(rest)
	case name.word("limit"):
		n, err := strconv.Atoi(rest.next().text)
		if err != nil || n < 1 || n > maxRows {
			return fmt.Errorf("limit must be a number from 1 to %d", maxRows)
		}
		p.limit = n
		return nil
	default:
		return fmt.Errorf("unexpected symbol found %s", name.text)
	}
}

func (p *program) addFields(rest *parser) error {
	for {
		field := rest.next()
		if field.kind != wordToken {
			return fmt.Errorf("expected a field, found %q", field.text)
		}
		p.fields = append(p.fields, field.text)
		if !rest.accept(",") {
			return nil
		}
	}
}

func (p *program) addSort(rest *parser) error {
	for {
		field := rest.next()
		if field.kind != wordToken {
			return fmt.Errorf("expected a field to sort by, found %q", field.text)
		}
		key := sortKey{field: field.text, descending: true}
		if rest.accept("asc") {
			key.descending = false
		} else {
			rest.accept("desc")
		}
		p.sort = append(p.sort, key)
		if !rest.accept(",") {
			return nil
		}
	}
}

// matches tells whether a row passes every filter.
func (p *program) matches(r row) bool {
	for _, f := range p.filters {
		if !f(r.field) {
			return false
		}
	}
	return true
}

// order sorts rows as the query asks, newest first by default, and cuts them to its limit or the request's.
func (p *program) order(rows []row, limit int) []row {
	keys := p.sort
	if keys == nil {
		keys = []sortKey{{"@timestamp", true}}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for _, k := range keys {
			if c := k.compare(a, b); c != 0 {
				return c
			}
		}
		return a.position().compare(b.position())
	})
	return rows[:min(len(rows), cmp.Or(p.limit, limit, defaultRows))]
}

func (k sortKey) compare(a, b row) int {
	x, _ := a.field(k.field)
	y, _ := b.field(k.field)
	c := 0
	if f, ok := x.(float64); ok {
		g, _ := y.(float64)
		c = cmp.Compare(f, g)
	} else {
		c = strings.Compare(text(x), text(y))
	}
	if k.descending {
		return -c
	}
	return c
}
