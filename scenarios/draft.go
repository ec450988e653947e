package scenarios

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// draft is a scenario file in the making.
type draft struct {
	from     string // what it is made from
	region   string
	urls     []string
	apis     []API
	notes    []string // comments at the top
	status   string   // expected by default; "" for nothing
	requests []draftRequest

	recordedAs map[string]bool // what of a recording is among the requests

	likely  API    // stages and domains of an API whose id is not known
	allows  string // an origin that the API's CORS allows; "" where that is not known
	answers bool   // the API answers preflights of every route itself
	open    func(name string) ([]byte, error)
}

// draftRequest is one request; with a reason in off it is written as a comment.
type draftRequest struct {
	name, method, path string
	query, headers     []probe.Header
	body               string
	auth               string // as YAML
	preflight          *Preflight
	asks               string // the method that a preflight asks for; "" where that was not said
	status             string // as YAML; "" is the default's
	refused            bool   // the recorded answer may be the gateway's own
	stages             []string
	off                []string
}

// api finds or adds an API.
func (d *draft) api(id string) *API {
	i := slices.IndexFunc(d.apis, func(a API) bool { return a.ID == id })
	if i < 0 {
		d.apis = append(d.apis, API{ID: id})
		i = len(d.apis) - 1
	}
	return &d.apis[i]
}

func (a *API) addStage(stage string) {
	if stage != "" && !contains(a.Stages, stage) {
		a.Stages = append(a.Stages, stage)
	}
}

// address takes in what an address says: the API with its stage, or a URL at a
// custom domain.
func (d *draft) address(a address.Address, stage string) {
	switch a.Kind {
	case address.AddressExecuteAPI:
		d.region = cmp.Or(d.region, a.Region)
		d.api(a.APIID).addStage(stage)
	case address.AddressCustom, address.AddressEmulator:
		if u := a.Base + a.Path; !contains(d.urls, u) {
			d.urls = append(d.urls, u)
		}
	}
}

// request adds a request unless one of its name is there.
func (d *draft) request(r draftRequest) {
	if !slices.ContainsFunc(d.requests, func(x draftRequest) bool { return x.name == r.name }) {
		d.requests = append(d.requests, r)
	}
}

// write makes the file's text.
func (d *draft) write() []byte {
	var w writer
	w.line("%s", SchemaComment)
	w.line("# Made by stageprobe init from %s.", oneLine(d.from))
	w.line("# Check it:  stageprobe check -f THIS_FILE")
	w.line("# Editors complete it after:  stageprobe schema scenarios > stageprobe.schema.json")
	w.line("version: 1")
	if d.region != "" {
		w.line("region: %s", quote(d.region))
	}
	w.line("")
	for _, n := range d.notes {
		w.line("# %s", oneLine(n))
	}
	d.writeTargets(&w)
	d.writeDefaults(&w)
	d.writeRequests(&w)
	return []byte(w.String())
}

func (d *draft) writeTargets(w *writer) {
	if len(d.urls) > 0 {
		w.line("urls:")
		for _, u := range d.urls {
			w.line("  - %s", quote(u))
		}
		w.line("")
	}
	if len(d.apis) == 0 {
		if len(d.urls) == 0 {
			w.line("# apis: [{id: abc123, %s}]   # or name them with --api and --stage", d.likely.members())
			w.line("")
		}
		return
	}
	w.line("apis:")
	for _, a := range d.apis {
		w.line("  - id: %s", quote(a.ID))
		if len(a.Stages) > 0 {
			w.line("    stages: [%s]", quoteAll(a.Stages))
		}
		if len(a.Domains) > 0 {
			w.line("    # The stage of a domain is the one that it is meant to serve. These are those")
			w.line("    # that they lead to now: correct what is not meant.")
			w.line("    domains:")
		}
		for _, dom := range a.Domains {
			base := ""
			if dom.BasePath != "" {
				base = ", base_path: " + quote(dom.BasePath)
			}
			w.line("      - {name: %s, stage: %s%s}", quote(dom.Name), quote(dom.Stage), base)
		}
	}
	w.line("")
}

// members are the stages and domains of an API that its source names.
func (a *API) members() string {
	stages := a.Stages
	if len(stages) == 0 {
		stages = []string{"prod"}
	}
	out := "stages: [" + quoteAll(stages) + "]"
	var domains []string
	for _, dom := range a.Domains {
		text := "{name: " + quote(dom.Name)
		if dom.Stage != "" {
			text += ", stage: " + quote(dom.Stage)
		}
		if dom.BasePath != "" {
			text += ", base_path: " + quote(dom.BasePath)
		}
		domains = append(domains, text+"}")
	}
	if len(domains) > 0 {
		out += ", domains: [" + strings.Join(domains, ", ") + "]"
	}
	return out
}

// answerPreflights adds a preflight for each path that a request goes to: an HTTP API with
// CORS answers them itself.
func (d *draft) answerPreflights() {
	for _, r := range d.requests {
		if r.method != http.MethodOptions && len(r.off) == 0 {
			d.request(draftRequest{name: http.MethodOptions + " " + r.path, method: http.MethodOptions, path: r.path})
		}
	}
}

func (d *draft) writeDefaults(w *writer) {
	w.line("# Settings in which stages are meant to differ are no drift:")
	w.line("# intended: [{stages: [prod, dev], setting: variables.backend}]")
	w.line("")
	if d.status == "" {
		return
	}
	w.line("defaults:")
	w.line("  # headers: {x-tenant: smoke}")
	w.line("  # auth: {api_key: env:API_KEY}     # or {bearer: env:TOKEN}, sigv4, {mtls: {cert: PATH, key: PATH}}")
	w.line("  expect:")
	w.line("    status: %s", d.status)
	w.line("    gateway_response: null           # the integration answers, not the gateway")
	w.line("    # canary: none                   # or {at-most: 10}")
	w.line("    # served_by: prod")
	w.line("    # latency_p99_ms: 800")
	w.line("")
}

func (d *draft) writeRequests(w *writer) {
	d.preflights()
	active := slices.ContainsFunc(d.requests, func(r draftRequest) bool { return len(r.off) == 0 })
	switch {
	case active:
		w.line("scenarios:")
	case len(d.requests) > 0:
		w.line("# Without scenarios the routes of the deployed definition are checked.")
		w.line("# Uncomment the next line together with those below that you want.")
		w.line("# scenarios:")
	default:
		w.line("# Without scenarios the routes of the deployed definition are checked.")
		w.line("# scenarios:")
		w.line("#   - name: list orders")
		w.line("#     request: {method: GET, path: /orders}")
	}
	names := map[string]int{}
	for _, r := range d.requests {
		names[r.name]++
		if n := names[r.name]; n > 1 {
			r.name = fmt.Sprintf("%s (%d)", r.name, n)
		}
		r.write(w)
	}
}

// preflights makes of each OPTIONS request what a browser sends, without credentials:
// for the method of the same path that a page needs it most for.
func (d *draft) preflights() {
	for i := range d.requests {
		r := &d.requests[i]
		if r.method != http.MethodOptions {
			continue
		}
		if r.preflight == nil {
			r.preflight = &Preflight{Origin: cmp.Or(d.allows, probe.PreflightOrigin)}
		}
		r.auth, r.body = "", ""
		r.off = slices.DeleteFunc(r.off, func(why string) bool { return strings.HasPrefix(why, "asks for a") })
		r.method = cmp.Or(r.asks, d.askedMost(r.path))
	}
}

func (d *draft) askedMost(path string) string {
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if slices.ContainsFunc(d.requests, func(r draftRequest) bool { return r.path == path && r.method == m }) {
			return m
		}
	}
	return http.MethodGet
}

func (r *draftRequest) write(w *writer) {
	prefix, method := "", cmp.Or(r.method, "GET")
	if len(r.off) > 0 {
		w.line("  # Left out: %s.", oneLine(strings.Join(r.off, "; ")))
		prefix = "# "
	}
	line := func(format string, args ...any) { w.line("  "+prefix+format, args...) }
	line("- name: %s", quote(r.name))
	line("  request:")
	line("    method: %s", quote(method))
	line("    path: %s", quote(sendable(r.path)))
	for _, part := range []struct {
		key  string
		list []probe.Header
	}{{"query", r.query}, {"headers", allowed(r.headers)}} {
		if len(part.list) > 0 {
			line("    %s:", part.key)
		}
		for _, h := range grouped(part.list) {
			line("      %s: %s", quote(h.name), h.value())
		}
	}
	if r.body != "" {
		line("    body: %s", quote(r.body))
	}
	if r.auth != "" {
		line("  auth: %s", r.auth)
	}
	if r.preflight != nil {
		headers := ""
		if len(r.preflight.Headers) > 0 {
			headers = ", headers: [" + quoteAll(r.preflight.Headers) + "]"
		}
		line("  preflight: {origin: %s%s}", quote(r.preflight.Origin), headers)
	} else if !probe.SafeMethod(method) {
		line("  unsafe: true")
	}
	if len(r.stages) > 0 {
		line("  stages: [%s]", quoteAll(r.stages))
	}
	if r.status != "" {
		expect := "status: " + r.status
		if !r.refused {
			expect += ", gateway_response: null"
		}
		line("  expect: {%s}", expect)
	}
}

// allowed are the headers that a request can have, each credential as a reference.
func allowed(headers []probe.Header) []probe.Header {
	var out []probe.Header
	for _, h := range headers {
		if contains(secretHeaders, strings.ToLower(h.Name)) && !isReference(h.Value) {
			h.Value = envPrefix + variableOf(h.Name)
		}
		if httpguts.ValidHeaderFieldName(h.Name) && httpguts.ValidHeaderFieldValue(h.Value) {
			out = append(out, h)
		}
	}
	return out
}

// sendable gives a definition's path the slash at its beginning and escapes what
// no request can have in its path: control characters, braces, and a percent sign
// that escapes nothing.
func sendable(path string) string {
	var b strings.Builder
	if !strings.HasPrefix(path, "/") {
		b.WriteByte('/')
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c < ' ' || c == 0x7f || c == '{' || c == '}' || c == '%' && !escape.MatchString(path[i:]):
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var escape = lazyregexp.New(`^%[0-9A-Fa-f]{2}`)

// values are all values of one name, in order.
type values struct {
	name string
	list []string
}

func (v *values) value() string {
	if len(v.list) == 1 {
		return quote(v.list[0])
	}
	return "[" + quoteAll(v.list) + "]"
}

func grouped(list []probe.Header) []values {
	var out []values
	for _, h := range list {
		i := slices.IndexFunc(out, func(v values) bool { return v.name == h.Name })
		if i < 0 {
			out = append(out, values{name: h.Name})
			i = len(out) - 1
		}
		out[i].list = append(out[i].list, h.Value)
	}
	return out
}

type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// plain is text that YAML reads as text without quotes, in braces too.
var plain = lazyregexp.New(`^(env:|file:)?[A-Za-z/][A-Za-z0-9/._-]*( [A-Za-z0-9/._-]+)*$`)

var notText = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// quote writes text as YAML. A JSON string is a YAML string.
func quote(s string) string {
	if plain.MatchString(s) && !contains(notText, strings.ToLower(s)) {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func quoteAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
		if isReference(s) { // within brackets a colon may end a key
			out[i] = `"` + s + `"`
		}
	}
	return strings.Join(out, ", ")
}

// maxComment is how many characters of foreign text a comment or name holds.
const maxComment = 200

// oneLine keeps text from leaving its comment.
func oneLine(s string) string {
	return shorten(maxComment, strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
}
