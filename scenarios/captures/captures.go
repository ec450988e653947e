// Package captures holds genuine answers and logs of API Gateway, found in
// public sources, with the reading that a person gave them. Tests read them;
// nothing else does. Each file names its source.
//
// The folders: http holds recorded answers, exec execution logs, access entries
// of access logs, control answers of the control plane, and pasted what people
// copied in forms of their own. What stands in expected is what the capture
// itself says; null means that it does not say.
package captures

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

//go:embed http exec access control pasted
var files embed.FS

// Capture is one genuine answer or log.
type Capture struct {
	Name     string `json:"-"` // the file's, without its folder and suffix
	Source   string
	Kind     string
	LogFile  string `json:"log_file"`
	Response Response
	// BodyComplete is false where the source cut the body.
	BodyComplete *bool `json:"body_complete"`
	Expected     map[string]any
	Data         json.RawMessage
	Text         []byte `json:"-"` // of the log file
}

// Response is a recorded answer, its headers in the captured order and case.
type Response struct {
	Protocol string
	Status   int // 0 where the source kept headers only
	Headers  [][2]string
	Body     *string
}

// All returns the captures of a folder, sorted by name. It panics where the
// embedded files are broken.
func All(folder string) []Capture {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	var all []Capture
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		c := Capture{Name: name}
		if err := json.Unmarshal(read(folder, e.Name()), &c); err != nil {
			panic(fmt.Errorf("%s/%s: %w", folder, e.Name(), err))
		}
		if c.LogFile != "" {
			c.Text = read(folder, c.LogFile)
		}
		all = append(all, c)
	}
	return all
}

// Named returns one capture, such as "exec/k1-504-timeout".
func Named(name string) Capture {
	folder, base := path.Split(name)
	for _, c := range All(path.Clean(folder)) {
		if c.Name == base {
			return c
		}
	}
	panic("no capture " + name)
}

func read(folder, name string) []byte {
	raw, err := files.ReadFile(folder + "/" + name)
	if err != nil {
		panic(err)
	}
	return raw
}

// Requests returns what is expected of every request of a log.
func (c *Capture) Requests() []map[string]any {
	var all []map[string]any
	for _, list := range []string{"requests", "lines"} {
		items, _ := c.Expected[list].([]any)
		for _, item := range items {
			want := item.(map[string]any)
			for name, v := range c.Expected {
				if name != list {
					want[name] = v
				}
			}
			all = append(all, want)
		}
	}
	if all == nil {
		return []map[string]any{c.Expected}
	}
	return all
}

// CurlI renders an answer as curl -i prints it.
func (c *Capture) CurlI() []byte { return c.transcript("", "\r\n") }

// CurlV renders an answer as curl -v prints it, for a request to
// api.example.com.
func (c *Capture) CurlV() []byte {
	const asked = "* Connected to host (192.0.2.1) port 443\n> GET /dev/x HTTP/1.1\n> Host: api.example.com\n> Accept: */*\n>\n* Request completely sent off\n"
	return append([]byte(asked), append(c.transcript("< ", "\n"), "* Connection #0 to host api.example.com left intact\n"...)...)
}

func (c *Capture) transcript(mark, eol string) []byte {
	protocol := c.Response.Protocol
	if protocol == "" {
		protocol = "HTTP/1.1"
	}
	b := fmt.Appendf(nil, "%s%s %d %s%s", mark, protocol, c.Response.Status, http.StatusText(c.Response.Status), eol)
	for _, h := range c.Response.Headers {
		b = fmt.Appendf(b, "%s%s: %s%s", mark, h[0], h[1], eol)
	}
	b = append(b, strings.TrimSuffix(mark, " ")+eol...)
	if c.Response.Body != nil {
		b = append(b, *c.Response.Body...)
	}
	return b
}
