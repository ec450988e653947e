package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// source makes answers with everything that changes from answer to answer.
type source struct {
	rng *rand.Rand
	now time.Time
	n   uint64
}

func newSource(seed uint64) *source {
	return &source{rng: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (s *source) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", s.rng.Uint32(), s.rng.Uint32()&0xffff, s.rng.Uint32()&0xfff, s.rng.Uint32()&0xfff, s.rng.Uint64()&0xffffffffffff)
}

// object renders members in random order.
func (s *source) object(members map[string]string) []byte {
	keys := slices.Sorted(maps.Keys(members))
	s.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	var b bytes.Buffer
	for i, k := range keys {
		fmt.Fprintf(&b, "%s%q:%s", map[bool]string{true: "{", false: ","}[i == 0], k, members[k])
	}
	return append(b.Bytes(), '}')
}

func (s *source) answer(target, scenario string, status int, body []byte, header ...string) *probe.Observation {
	s.n++
	s.now = s.now.Add(317 * time.Millisecond)
	id := s.uuid()
	o := &probe.Observation{Machine: "m1", Seq: s.n, Target: target, Scenario: scenario, Due: s.now, Outcome: probe.OutcomeResponse, Status: status, Body: body}
	add := func(name, value string) { o.Header = append(o.Header, probe.Header{Name: name, Value: value}) }
	if s.rng.IntN(2) == 0 { // HTTP/1.1
		add("Content-Type", "application/json")
		add("Connection", "keep-alive")
		add("Date", s.now.Format(time.RFC1123))
	} else {
		add("date", s.now.Format(time.RFC1123))
		add("content-type", "application/json")
	}
	add("x-amzn-RequestId", id)
	add("x-amz-apigw-id", fmt.Sprintf("%xFQ=", s.rng.Uint64()))
	add("X-Amzn-Trace-Id", "Root=1-"+id)
	add("Content-Length", fmt.Sprint(len(body)))
	add("x-cache", []string{"Miss from cloudfront", "Hit from cloudfront"}[s.rng.IntN(2)])
	add("x-amz-cf-pop", []string{"FRA56-P2", "HEL51-P7", "TXL50-P1"}[s.rng.IntN(3)])
	for i := 0; i+1 < len(header); i += 2 {
		add(header[i], header[i+1])
	}
	return o
}

// order is an answer with a UUID, two clocks, a counter, a duration, and its own
// request id in it, of the given version.
func (s *source) order(target string, version int) *probe.Observation {
	o := s.answer(target, "orders", 200, nil, "Set-Cookie", "AWSALB="+s.uuid()+"; Path=/", "x-backend-version", fmt.Sprint(version))
	o.Body = s.object(map[string]string{
		"id": `"` + s.uuid() + `"`, "at": `"` + s.now.Format(time.RFC3339Nano) + `"`,
		"epoch": fmt.Sprint(s.now.Unix()), "count": fmt.Sprint(s.n), "took_ms": fmt.Sprint(3 + s.rng.IntN(12)),
		"request": `"` + o.RequestID() + `"`, "version": fmt.Sprint(version), "items": `[{"sku":"a"},{"sku":"b"}]`,
	})
	return o
}

func fill(t *Table, answers ...*probe.Observation) *Table {
	for _, o := range answers {
		t.Add(o, nil)
	}
	return t
}

func counts(clusters []*Cluster) []int {
	var out []int
	for _, c := range clusters {
		out = append(out, c.Count)
	}
	return out
}

// stable drops what is only to be known by row numbers.
var stable = cmp.Options{cmpopts.IgnoreUnexported(Field{}), cmpopts.IgnoreFields(signature.Reading{}, "Candidates")}

func TestVolatileBodiesStayTogether(t *testing.T) {
	s := newSource(1)
	tab := New(Options{})
	for range 400 {
		tab.Add(s.order("abc/prod", 1), nil)
	}
	got := tab.Result().Of("abc/prod", "orders")
	if len(got) != 1 || got[0].Count != 400 || !got[0].Reference {
		t.Fatalf("clusters %v, want one of 400", counts(got))
	}
	if got[0].Reading.Producer != signature.Integration || got[0].Reading.APIKind != probe.REST {
		t.Errorf("reading %+v", got[0].Reading)
	}
}

func TestFiniteFieldsSplit(t *testing.T) {
	s := newSource(2)
	tab := New(Options{})
	for i := range 300 {
		tab.Add(s.order("abc/prod", 1+btoi(i%10 == 3)), nil)
	}
	got := tab.Result().Of("abc/prod", "orders")
	if len(got) != 2 || got[0].Count != 270 || got[1].Count != 30 {
		t.Fatalf("clusters %v, want 270 and 30", counts(got))
	}
	want := []Diff{{"/version", "1", "2"}, {"x-backend-version", "1", "2"}}
	if diff := cmp.Diff(want, Differs(got[0], got[1])); diff != "" {
		t.Error(diff)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// field makes answers that differ in one member alone.
func (s *source) member(target, value string) *probe.Observation {
	return s.answer(target, "s", 200, fmt.Appendf(nil, `{"x":%s}`, value))
}

func TestRegimes(t *testing.T) {
	quoted := func(s string) string { return `"` + s + `"` }
	tests := []struct {
		name string
		n    int
		at   func(s *source, i int) string
		want []int
	}{
		{"constant", 50, func(s *source, i int) string { return quoted("v1") }, []int{50}},
		{"eight values are a signal", 80, func(s *source, i int) string { return quoted(fmt.Sprintf("host-%d", i%8)) }, []int{10, 10, 10, 10, 10, 10, 10, 10}},
		{"nine values are noise", 90, func(s *source, i int) string { return quoted(fmt.Sprintf("host%d", i%9)) }, []int{90}},
		{"eight answers are too few to mask", 8, func(s *source, i int) string { return quoted(s.uuid()) }, []int{1, 1, 1, 1, 1, 1, 1, 1}},
		{"nine are enough", 9, func(s *source, i int) string { return quoted(s.uuid()) }, []int{9}},
		{"constant under base, noisy under the canary", 200, func(s *source, i int) string {
			if i%10 == 0 {
				return quoted(s.uuid())
			}
			return quoted("fixed")
		}, []int{180, 20}},
		{"noisy under base, constant text under the canary", 400, func(s *source, i int) string {
			if i%10 == 0 {
				return quoted("a fixed message of the canary")
			}
			return quoted("order " + s.uuid() + " was taken")
		}, []int{360, 40}},
		{"a duration scatters around its mode", 300, func(s *source, i int) string {
			return fmt.Sprint(3 + int(s.rng.ExpFloat64()*3))
		}, []int{300}},
		{"null instead of an id", 300, func(s *source, i int) string {
			if i%30 == 0 {
				return "null"
			}
			return quoted(s.uuid())
		}, []int{290, 10}},
		{"lists of varying length", 300, func(s *source, i int) string {
			return "[" + strings.TrimSuffix(strings.Repeat("7,", s.rng.IntN(40)), ",") + "]"
		}, []int{300}},
		{"maps by id", 60, func(s *source, i int) string { return fmt.Sprintf(`{%q:{"a":1}}`, s.uuid()) }, []int{60}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, tab := newSource(3), New(Options{})
			for i := range tt.n {
				tab.Add(s.member("t", tt.at(s, i)), nil)
			}
			if diff := cmp.Diff(tt.want, counts(tab.Result().Of("t", "s"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A field that is volatile on one target still tells two deployments apart on
// another, and the same behaviour has the same id on both.
func TestTargetsShareIDsAndMask(t *testing.T) {
	s, tab := newSource(4), New(Options{})
	for i := range 300 {
		tab.Add(s.member("dev", `"`+s.uuid()+`"`), nil)
		tab.Add(s.member("prod", fmt.Sprintf(`"v%d"`, 1+btoi(i%10 == 0))), nil)
		tab.Add(s.order("dev", 1), nil)
		tab.Add(s.order("prod", 1), nil)
	}
	r := tab.Result()
	if got := counts(r.Of("dev", "s")); !slices.Equal(got, []int{300}) {
		t.Errorf("dev: %v", got)
	}
	if got := counts(r.Of("prod", "s")); !slices.Equal(got, []int{270, 30}) {
		t.Errorf("prod: %v", got)
	}
	if d, p := r.Of("dev", "orders"), r.Of("prod", "orders"); len(d) != 1 || len(p) != 1 || d[0].ID != p[0].ID {
		t.Errorf("ids differ: %v %v", d[0].ID, p[0].ID)
	}
}

func TestTextBodies(t *testing.T) {
	s, tab := newSource(5), New(Options{})
	for i := range 120 {
		body := fmt.Sprintf("<html>\n<h1 id=\"%s\">Order %d</h1>\n<p>ready at %s</p></html>", s.uuid(), i, s.now.Format(time.RFC3339))
		if i%12 == 0 {
			body = "<html>\n<h1>Not ready</h1>\n</html>"
		}
		tab.Add(s.answer("t", "page", 200, []byte(body)), nil)
	}
	if got := counts(tab.Result().Of("t", "page")); !slices.Equal(got, []int{110, 10}) {
		t.Errorf("clusters %v", got)
	}
}

// A clock that shows seconds has few values in a short run. It must not be
// taken for as many behaviours.
func TestTheClockIsNoBehaviour(t *testing.T) {
	began := newSource(7).now.Add(-59 * time.Second)
	for name, body := range map[string]func(s *source) string{
		"HTTP date in HTML": func(s *source) string { return "<p>Rendered at " + s.now.Format(time.RFC1123) + "</p>" },
		"local time in text": func(s *source) string {
			return "pong " + s.now.In(time.FixedZone("", 5*3600+1800)).Format("2006-01-02 15:04:05")
		},
		"date in JSON text":  func(s *source) string { return `{"message":"Hello at ` + s.now.Format(time.RFC3339) + `!"}` },
		"epoch in JSON text": func(s *source) string { return fmt.Sprintf(`{"message":"pong:%d"}`, s.now.Unix()) },
		"signed token": func(s *source) string {
			return fmt.Sprintf(`{"t":"eyJhbGciOiJub25lIn0.eyJpYXQiOjE%d.c2ln"}`, s.now.Unix())
		},
		"start of a process":  func(*source) string { return `{"since":"` + began.Format(time.RFC3339) + `"}` },
		"its epoch":           func(*source) string { return fmt.Sprintf(`{"since":%d}`, began.Unix()) },
		"its time of day":     func(*source) string { return "up since " + began.Format("15:04:05") },
		"opening hours":       func(*source) string { return `{"open":"from 09:15:00 to 17:15:00"}` },
		"AM and PM, a comma,": func(s *source) string { return "as of " + s.now.Format("1/2/2006, 3:04:05 PM") },
	} {
		s, tab := newSource(7), New(Options{})
		for range 24 { // 7.6 s
			o := s.answer("t", "page", 200, nil)
			o.Body = []byte(body(s))
			tab.Add(o, nil)
		}
		if got := counts(tab.Result().Of("t", "page")); len(got) != 1 {
			t.Errorf("%s: clusters %v, want one", name, got)
		}
	}
}

// Whether a random value has a letter, a digit, a fraction or a space in it is
// chance.
func TestShapesOfChance(t *testing.T) {
	base64 := []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
	for name, body := range map[string]func(s *source) string{
		"hex":     func(s *source) string { return fmt.Sprintf(`{"n":"%08x"}`, s.rng.Uint32()) },
		"any hex": func(s *source) string { return fmt.Sprintf(`{"n":"%x"}`, s.rng.Uint64()>>s.rng.IntN(40)) },
		"base64": func(s *source) string {
			id := make([]byte, 12)
			for i := range id {
				id[i] = base64[s.rng.IntN(64)]
			}
			return `{"n":"` + string(id) + `"}`
		},
		"duration": func(s *source) string { return fmt.Sprintf(`{"n":%g}`, float64(s.rng.IntN(100))/4) },
		"name": func(s *source) string {
			return `{"n":"` + []string{"Bo", "Al", "Ann Lee"}[s.rng.IntN(3)] + s.uuid()[:3] + `"}`
		},
		"text": func(s *source) string { return fmt.Sprintf("id %08x (%d)", s.rng.Uint32(), s.rng.IntN(1e6)) },
	} {
		s, tab := newSource(9), New(Options{})
		for range 2000 {
			tab.Add(s.answer("t", "page", 200, []byte(body(s))), nil)
		}
		if got := counts(tab.Result().Of("t", "page")); len(got) != 1 {
			t.Errorf("%s: clusters %v, want one", name, got)
		}
	}
}

// What differs beside the clock, or by times that are no clock, still counts.
func TestTimesThatAreBehaviour(t *testing.T) {
	for name, body := range map[string]func(s *source, version int) string{
		"beside the clock": func(s *source, v int) string { return fmt.Sprintf("v%d at %s", v, s.now.Format(time.RFC1123)) },
		"day of a build":   func(_ *source, v int) string { return fmt.Sprintf(`{"text":"built 2025-11-0%d 10:12:13"}`, v) },
		"time of a build":  func(_ *source, v int) string { return fmt.Sprintf(`{"built":"2025-11-03T10:12:1%dZ"}`, v) },
		"build of today":   func(s *source, v int) string { return fmt.Sprintf(`{"built":"2026-03-01T0%d:00:00Z"}`, v) },
		"opening hours":    func(_ *source, v int) string { return fmt.Sprintf("open from 0%d:15:00", v) },
	} {
		s, tab := newSource(8), New(Options{})
		for i := range 40 {
			o := s.answer("t", "page", 200, nil)
			o.Body = []byte(body(s, 1+btoi(i%4 == 0)))
			tab.Add(o, nil)
		}
		if got := counts(tab.Result().Of("t", "page")); !slices.Equal(got, []int{30, 10}) {
			t.Errorf("%s: clusters %v, want 30 and 10", name, got)
		}
	}
}

func TestGatewayRefusalsAreOneBehaviour(t *testing.T) {
	s, tab := newSource(6), New(Options{Scenarios: []probe.Scenario{{Name: "s", Method: "GET", Path: "/x", Auth: probe.AuthBearer}}})
	target := &probe.Target{ID: "t", URL: "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod", APIKind: probe.REST}
	for i := range 40 {
		body := fmt.Sprintf(`{"message":"Internal server error","requestId":"%s"}`, "ID")
		o := s.answer("t", "s", 502, nil, "x-amzn-ErrorType", "InternalServerErrorException")
		o.Body = []byte(strings.ReplaceAll(body, "ID", o.RequestID()))
		if i%8 == 0 {
			o = s.answer("t", "s", 403, []byte(`{"message":"Missing Authentication Token"}`), "x-amzn-ErrorType", "MissingAuthenticationTokenException")
		}
		tab.Add(o, target)
	}
	got := tab.Result().Of("t", "s")
	if !slices.Equal(counts(got), []int{35, 5}) {
		t.Fatalf("clusters %v", counts(got))
	}
	if r := got[1].Reading; r.GatewayResponse != "MISSING_AUTHENTICATION_TOKEN" || r.Stage != "prod" || r.Method != "GET" || r.ResourcePath != "/x" {
		t.Errorf("reading %+v", r)
	}
	if got[1].Class != signature.Informative {
		t.Errorf("a refusal among other answers is %s", got[1].Class)
	}
}

func TestClasses(t *testing.T) {
	s, tab := newSource(7), New(Options{})
	for range 12 {
		tab.Add(s.answer("all-refused", "s", 403, []byte(`{"message":"Forbidden"}`)), nil)
		tab.Add(s.answer("throttled", "s", 429, []byte(`{"message":"Too Many Requests"}`)), nil)
	}
	for range 3 {
		tab.Add(s.answer("throttled", "s", 200, []byte(`{}`)), nil)
	}
	local := tab.Add(&probe.Observation{Target: "throttled", Scenario: "s", Outcome: probe.OutcomeLocal}, nil)
	lost := tab.Add(&probe.Observation{Target: "throttled", Scenario: "s", Outcome: probe.OutcomeTimeout, Seq: 999}, nil)
	r := tab.Result()
	if c := r.Of("all-refused", "s")[0]; c.Class != signature.AuthFail || !c.Reference {
		t.Errorf("all refused: %s", c.Class)
	}
	if c := r.Of("throttled", "s"); c[0].Class != signature.Throttled || c[0].Reference || !c[1].Reference {
		t.Errorf("throttled: %v %v", c[0], c[1])
	}
	if r.Cluster(local) != nil || r.OwnFaults != 1 {
		t.Error("an own fault is in a cluster")
	}
	if c := r.Cluster(lost); c.Class != signature.Transport || c.Reading.Producer != signature.Network {
		t.Errorf("lost: %+v", c)
	}
}

func TestOverflow(t *testing.T) {
	s, tab := newSource(8), New(Options{})
	for i := range 300 { // three fields of eight values each are 512 behaviours
		tab.Add(s.answer("t", "s", 200, fmt.Appendf(nil, `{"a":%d,"b":%d,"c":%d}`, i%8, i/8%8, i/64*3%8)), nil)
	}
	got := tab.Result().Of("t", "s")
	if len(got) != MaxClusters+1 || !slices.ContainsFunc(got, func(c *Cluster) bool { return c.Overflow && c.ID == "other" && c.Count == 300-MaxClusters }) {
		t.Fatalf("%d clusters", len(got))
	}
}

func TestSecretsAndLongBodies(t *testing.T) {
	s, tab := newSource(9), New(Options{Secrets: []string{"hunter2"}})
	body, _ := json.Marshal(map[string]string{"echo": "Bearer hunter2", "pad": strings.Repeat("x", MaxExemplarBody) + "hunter2"})
	tab.Add(s.answer("t", "s", 200, body, "x-echo", "hunter2"), nil)
	c := tab.Result().All()[0]
	if len(c.Exemplar.Body) > MaxExemplarBody {
		t.Errorf("body of %d bytes", len(c.Exemplar.Body))
	}
	if dump := fmt.Sprintf("%+v %s", c, c.Exemplar.Body); strings.Contains(dump, "hunter") {
		t.Error("the secret is there")
	}
}

// world is a mixture of everything, for the properties.
func world(seed uint64, n int) []*probe.Observation {
	s := newSource(seed)
	var out []*probe.Observation
	for i := range n {
		target := []string{"abc/dev", "abc/prod"}[s.rng.IntN(2)]
		var o *probe.Observation
		switch s.rng.IntN(8) {
		case 0:
			o = s.answer(target, "orders", 500+s.rng.IntN(3), []byte(`{"message": "Internal server error"}`), "x-amzn-ErrorType", "InternalServerErrorException")
		case 1:
			o = s.member(target, `"`+s.uuid()+`"`)
		case 2:
			o = s.member(target, `"fixed"`)
		case 3:
			o = &probe.Observation{Machine: "m1", Seq: uint64(100000 + i), Target: target, Scenario: "orders", Due: s.now, Outcome: probe.OutcomeReset}
		default:
			o = s.order(target, 1+btoi(s.rng.IntN(10) == 0))
		}
		o.Machine = []string{"m1", "m2", "m3"}[i%3]
		out = append(out, o)
	}
	return out
}

// result is what must not depend on order: everything but row numbers.
func result(t *Table) []*Cluster { return t.Result().All() }

func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(3) {
		rows := world(seed, 240)
		want := result(fill(New(Options{}), rows...))
		shuffled := slices.Clone(rows)
		rng := rand.New(rand.NewPCG(seed, 2))
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again := New(Options{})
		for i, o := range shuffled {
			again.Add(o, nil)
			if i%50 == 0 {
				again.Result() // looking must not change anything
			}
		}
		if diff := cmp.Diff(want, result(again), stable); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

func TestMergeLaws(t *testing.T) {
	for seed := range uint64(3) {
		rows := world(seed+10, 240)
		whole := result(fill(New(Options{}), rows...))
		parts := []*Table{New(Options{}), New(Options{}), New(Options{})}
		for i, o := range rows {
			parts[i%3].Add(o, nil)
		}
		a, b, c := parts[0], parts[1], parts[2]
		for name, got := range map[string]*Table{
			"(a+b)+c": Merge(Merge(a, b), c), "a+(b+c)": Merge(a, Merge(b, c)),
			"c+(b+a)": Merge(c, Merge(b, a)), "whole + nothing": Merge(Merge(New(Options{}), Merge(a, b)), c),
		} {
			if diff := cmp.Diff(whole, result(got), stable); diff != "" {
				t.Fatalf("seed %d, %s: %s", seed, name, diff)
			}
		}
		m := Merge(a, b)
		r := m.Result()
		if m.Len() != a.Len()+b.Len() || r.Cluster(a.Len()).Scenario != rows[1].Scenario {
			t.Fatal("b's rows do not follow a's")
		}
	}
}

func TestResultsStandStill(t *testing.T) {
	s, tab := newSource(11), New(Options{})
	row := tab.Add(s.member("t", `"a"`), nil)
	before := tab.Result()
	for range 100 {
		tab.Add(s.member("t", `"`+s.uuid()+`"`), nil)
	}
	if before.Len() != 1 || before.Cluster(row).Count != 1 || len(before.Of("t", "s")) != 1 {
		t.Error("an earlier result changed")
	}
	if after := tab.Result(); after.Revision != 1 || !slices.Equal(after.Masked["s"], []string{"/x"}) {
		t.Errorf("revision %d, masked %v", after.Revision, after.Masked)
	}
}

// Exemplars are bounded, and a rare behaviour that comes late still has its.
func TestExemplarsAreBounded(t *testing.T) {
	s, tab := newSource(12), New(Options{})
	for i := range 3000 {
		tab.Add(s.order("t", 1+btoi(i == 2500)), nil)
	}
	for _, g := range tab.groups {
		if len(g.raws) > maxRaws {
			t.Errorf("%d exemplars", len(g.raws))
		}
	}
	got := tab.Result().Of("t", "orders")
	if len(got) != 2 || !bytes.Contains(got[1].Exemplar.Body, []byte(`"version":2`)) || got[0].Exemplar.Seq != 1 {
		t.Errorf("clusters %v", counts(got))
	}
}

func BenchmarkAdd(b *testing.B) {
	s := newSource(13)
	rows := make([]*probe.Observation, 1000)
	for i := range rows {
		rows[i] = s.order("t", 1)
	}
	tab := New(Options{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tab.Add(rows[i%len(rows)], nil)
	}
}

func BenchmarkResult(b *testing.B) {
	tab := fill(New(Options{}), world(1, 10000)...)
	for b.Loop() {
		tab.Result()
	}
}
