package moves

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
)

// format puts a document into bytes of a media type.
type format struct {
	media string
	write func(a *answer) string
}

// formats are the forms of a body.
var formats = map[string]format{
	"":           {"application/json", writeJSON},
	"json":       {"application/json", writeJSON},
	"html":       {"text/html; charset=utf-8", writeHTML},
	"text":       {"text/plain; charset=utf-8", writeText},
	"csv":        {"text/csv", writeCSV},
	"ndjson":     {"application/x-ndjson", writeNDJSON},
	"xml":        {"application/xml", writeXML},
	"rss":        {"application/rss+xml", writeRSS},
	"atom":       {"application/atom+xml", writeAtom},
	"prometheus": {"text/plain; version=0.0.4", writePrometheus},
	"protobuf":   {"application/x-protobuf", writeProtobuf},
}

// Formats are the forms that a body may have.
func Formats() []string {
	names := slices.Sorted(maps.Keys(formats))
	return names[1:] // "" is json
}

func (a *answer) render() Answer {
	f := formats[a.format]
	out := Answer{Status: a.status, Headers: a.headers}
	if !slices.ContainsFunc(out.Headers, func(h Header) bool { return strings.EqualFold(h.Name, "Content-Type") }) {
		out.Set("Content-Type", f.media)
	}
	out.Body = f.write(a)
	return out
}

func writeJSON(a *answer) string {
	if a.lead != "" && len(a.doc.fields) == 0 {
		return a.lead
	}
	text := jsonText(a.doc)
	if a.compact {
		return text
	}
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// plain is a scalar as text.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return jsonText(v)
}

// scalars lists every value that is no list, by its dotted path.
func (o *object) scalars() []field {
	var out []field
	for _, f := range o.fields {
		switch v := f.value.(type) {
		case *object:
			for _, inner := range v.scalars() {
				out = append(out, field{f.name + "." + inner.name, inner.value})
			}
		case []any:
		default:
			out = append(out, f)
		}
	}
	return out
}

// lists are the lists of a document, by their dotted path.
func (o *object) lists() []field {
	var out []field
	for _, f := range o.fields {
		switch v := f.value.(type) {
		case *object:
			for _, inner := range v.lists() {
				out = append(out, field{f.name + "." + inner.name, inner.value})
			}
		case []any:
			out = append(out, f)
		}
	}
	return out
}

// members are the scalars of a list's element; an element that is no object is
// one value.
func members(v any) []field {
	if o, ok := v.(*object); ok {
		return o.scalars()
	}
	return []field{{"value", v}}
}

func writeHTML(a *answer) string {
	var b strings.Builder
	for _, f := range a.doc.scalars() {
		fmt.Fprintf(&b, "<p id=%q>%s: <b>%s</b></p>\n", f.name, f.name, html.EscapeString(plain(f.value)))
	}
	for _, l := range a.doc.lists() {
		fmt.Fprintf(&b, "<ul class=%q>\n", l.name)
		for _, e := range l.value.([]any) {
			var parts []string
			for _, m := range members(e) {
				parts = append(parts, "<span>"+html.EscapeString(plain(m.value))+"</span>")
			}
			b.WriteString("<li>" + strings.Join(parts, " ") + "</li>\n")
		}
		b.WriteString("</ul>\n")
	}
	if before, after, ok := strings.Cut(a.lead, "</body>"); ok {
		return before + b.String() + "</body>" + after
	}
	if a.lead != "" {
		return a.lead + "\n" + b.String()
	}
	return "<!doctype html>\n<html><head><title>Service</title></head>\n<body>\n" + b.String() + "</body></html>\n"
}

func writeText(a *answer) string {
	var b strings.Builder
	if a.lead != "" {
		b.WriteString(strings.TrimSuffix(a.lead, "\n") + "\n")
	}
	for _, f := range a.doc.scalars() {
		fmt.Fprintf(&b, "%s: %s\n", f.name, plain(f.value))
	}
	for _, l := range a.doc.lists() {
		for _, e := range l.value.([]any) {
			b.WriteString("- " + strings.Join(values(members(e)), " ") + "\n")
		}
	}
	return b.String()
}

func values(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = plain(f.value)
	}
	return out
}

// rows are the elements of the document's lists, each with the scalars beside
// them; a document without a list is one row.
func (o *object) rows() [][]field {
	common := o.scalars()
	var out [][]field
	for _, l := range o.lists() {
		for _, e := range l.value.([]any) {
			row := slices.Clone(common)
			for _, m := range members(e) {
				row = append(row, field{l.name + "." + m.name, m.value})
			}
			out = append(out, row)
		}
	}
	if len(out) == 0 {
		out = append(out, common)
	}
	return out
}

func writeCSV(a *answer) string {
	var b strings.Builder
	rows := a.doc.rows()
	var columns []string
	for _, row := range rows {
		for _, f := range row {
			if !slices.Contains(columns, f.name) {
				columns = append(columns, f.name)
			}
		}
	}
	b.WriteString(strings.Join(columns, ",") + "\r\n")
	for _, row := range rows {
		cells := make([]string, len(columns))
		for _, f := range row {
			cells[slices.Index(columns, f.name)] = cell(f.value)
		}
		b.WriteString(strings.Join(cells, ",") + "\r\n")
	}
	return b.String()
}

// cell quotes as RFC 4180 does; null is empty.
func cell(v any) string {
	s := plain(v)
	if v == nil {
		return ""
	}
	if strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func writeNDJSON(a *answer) string {
	var b strings.Builder
	for _, row := range a.doc.rows() {
		b.WriteString(jsonText(&object{row}) + "\n")
	}
	return b.String()
}

func tag(name string, value any) string {
	return fmt.Sprintf("<%s>%s</%s>", name, html.EscapeString(plain(value)), name)
}

// elements are fields as XML elements.
func elements(fields []field, indent string) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(indent + tag(f.name, f.value) + "\n")
	}
	return b.String()
}

// wrapped writes the scalars and, each in an element of its own, the entries
// of all lists.
func wrapped(a *answer, entry string) string {
	var b strings.Builder
	b.WriteString(elements(a.doc.scalars(), "  "))
	for _, l := range a.doc.lists() {
		for _, e := range l.value.([]any) {
			b.WriteString("  <" + entry + ">\n" + elements(members(e), "    ") + "  </" + entry + ">\n")
		}
	}
	return b.String()
}

const xmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

func writeXML(a *answer) string {
	return xmlHead + "<response>\n" + wrapped(a, "item") + "</response>\n"
}

func writeRSS(a *answer) string {
	return xmlHead + "<rss version=\"2.0\"><channel>\n  <title>News</title>\n  <link>https://www.example.com/</link>\n" + wrapped(a, "item") + "</channel></rss>\n"
}

func writeAtom(a *answer) string {
	return xmlHead + "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n  <title>News</title>\n" + wrapped(a, "entry") + "</feed>\n"
}

// writePrometheus writes numbers as gauges and everything else as labels of an
// info metric (https://prometheus.io/docs/instrumenting/exposition_formats/).
func writePrometheus(a *answer) string {
	var b strings.Builder
	for _, f := range a.doc.scalars() {
		name := "app_" + strings.NewReplacer(".", "_", "-", "_").Replace(f.name)
		if n, ok := f.value.(json.Number); ok {
			fmt.Fprintf(&b, "# TYPE %s gauge\n%s %s\n", name, name, n)
		} else {
			fmt.Fprintf(&b, "# TYPE %s_info gauge\n%s_info{value=%q} 1\n", name, name, plain(f.value))
		}
	}
	for _, l := range a.doc.lists() {
		for i, e := range l.value.([]any) {
			fmt.Fprintf(&b, "app_%s{index=\"%d\",value=%q} 1\n", strings.ReplaceAll(l.name, ".", "_"), i, strings.Join(values(members(e)), " "))
		}
	}
	return b.String()
}
