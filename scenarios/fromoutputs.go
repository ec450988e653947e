package scenarios

import (
	"maps"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

func isStacks(doc any) bool { return listAt(doc, "Stacks") != nil }

// fromStacks reads "aws cloudformation describe-stacks".
func fromStacks(doc any, _ []byte, d *draft) error {
	for _, stack := range listAt(doc, "Stacks") {
		for _, out := range listAt(stack, "Outputs") {
			d.output(textAt(out, "OutputKey"), textAt(out, "OutputValue"))
		}
	}
	return d.outputsRead()
}

func isOutputList(doc any) bool {
	l, _ := doc.([]any)
	return len(l) > 0 && textAt(l[0], "OutputKey") != ""
}

// fromOutputList reads "sam list stack-outputs --output json".
func fromOutputList(doc any, _ []byte, d *draft) error {
	list, _ := doc.([]any)
	for _, out := range list {
		d.output(textAt(out, "OutputKey"), textAt(out, "OutputValue"))
	}
	return d.outputsRead()
}

func isTerraform(doc any) bool {
	m, _ := doc.(map[string]any)
	for _, v := range m {
		if o, ok := v.(map[string]any); !ok || o["sensitive"] == nil || o["type"] == nil {
			return false
		}
	}
	return len(m) > 0
}

// fromTerraform reads "terraform output -json"; sensitive values are left out.
func fromTerraform(doc any, _ []byte, d *draft) error {
	m, _ := doc.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if dig(m[key], "sensitive") != true {
			d.outputTree(key, dig(m[key], "value"))
		}
	}
	return d.outputsRead()
}

// outputTree reads a value that may be made of others.
func (d *draft) outputTree(key string, v any) {
	switch v := v.(type) {
	case string:
		d.output(key, v)
	case []any:
		for _, item := range v {
			d.outputTree(key, item)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			d.outputTree(k, v[k])
		}
	}
}

func isCDK(doc any) bool {
	m, _ := doc.(map[string]any)
	for _, stack := range m {
		outputs, ok := stack.(map[string]any)
		if !ok {
			return false
		}
		for _, v := range outputs {
			if _, ok := v.(string); !ok {
				return false
			}
		}
	}
	return len(m) > 0
}

// fromCDK reads what "cdk deploy --outputs-file" writes.
func fromCDK(doc any, _ []byte, d *draft) error {
	d.outputTree("", doc)
	return d.outputsRead()
}

var (
	invokeARN  = lazyregexp.New(`^arn:aws[a-z-]*:execute-api:([a-z0-9-]+):[0-9]*:([a-z0-9]+)(?:/([^/*]+))?`)
	controlARN = lazyregexp.New(`^arn:aws[a-z-]*:apigateway:([a-z0-9-]+)::/(?:restapis|apis)/([a-z0-9]+)(?:/stages/([^/]+))?`)
	apiID      = lazyregexp.New(`^[a-z0-9]{10}$`) // ten characters by observation
	apiIDKey   = lazyregexp.New(`(?i)api_?-?(gateway)?_?-?id`)
	looksLike  = lazyregexp.New(`(?i)url|uri|endpoint|domain|api`)
)

// output takes in one named output, if it tells an API, a stage or an address.
func (d *draft) output(key, value string) {
	if m := cmpMatch(value, invokeARN, controlARN); m != nil {
		if d.region == "" {
			d.region = m[1]
		}
		d.api(m[2]).addStage(m[3])
		return
	}
	switch {
	case apiIDKey.MatchString(key) && apiID.MatchString(value):
		d.api(value)
	case strings.HasPrefix(value, "https://") && looksLike.MatchString(key+value):
		if a, err := address.ParseURL(value); err == nil && !elsewhere.MatchString(a.Host) {
			d.invokeURL(a)
		}
	}
}

// elsewhere are hosts of other services, which outputs often name too.
var elsewhere = lazyregexp.New(`\.(on\.aws|cloudfront\.net|amazoncognito\.com|elb\.amazonaws\.com|aws\.amazon\.com)$|\bs3[.-]`)

// stageNote is the doubt that an invoke URL alone leaves.
const stageNote = "The first segment of an invoke URL is taken as the stage; leave stages out for an HTTP API that serves $default."

// invokeURL takes in an address with a stage and perhaps a path behind it.
func (d *draft) invokeURL(a address.Address) {
	if a.Kind == address.AddressExecuteAPI && a.First != "" && !contains(d.notes, stageNote) {
		d.notes = append(d.notes, stageNote)
	}
	d.address(a, a.First)
	if a.Kind != address.AddressExecuteAPI || len(a.Segments) < 2 {
		return
	}
	path := "/" + strings.Join(a.Segments[1:], "/")
	if strings.HasSuffix(a.Path, "/") && !strings.HasSuffix(path, "/") {
		path += "/"
	}
	d.request(newDeployedRoute("GET "+path, probe.Route{}).draft())
}

func cmpMatch(s string, patterns ...lazyregexp.Regexp) []string {
	for _, p := range patterns {
		if m := p.FindStringSubmatch(s); m != nil {
			return m
		}
	}
	return nil
}

// outputsRead ends the reading of outputs.
func (d *draft) outputsRead() error {
	if len(d.apis) == 0 && len(d.urls) == 0 {
		return errNothing
	}
	d.status = usualStatus
	if len(d.apis) == 1 && len(d.apis[0].Stages) == 0 {
		d.notes = append(d.notes, "No output names a stage: all stages of the API are checked.")
	}
	return nil
}

func isSAMEndpoints(doc any) bool {
	l, _ := doc.([]any)
	return len(l) > 0 && dig(l[0], "CloudEndpoint") != nil
}

// samMethod is how sam lists a resource's methods, as in "/hello['get', 'post']".
var samMethod = lazyregexp.New(`^(/[^\[]*)\[(.*)\]$`)

// fromSAMEndpoints reads "sam list endpoints --output json".
func fromSAMEndpoints(doc any, _ []byte, d *draft) error {
	list, _ := doc.([]any)
	for _, resource := range list {
		found := false
		for _, e := range listAt(resource, "CloudEndpoint") {
			text, _ := e.(string)
			if a, err := address.ParseURL(text); err == nil && a.Kind == address.AddressExecuteAPI {
				found = true
				d.address(a, a.First)
			}
		}
		if !found {
			continue // a function URL, or not deployed
		}
		for _, m := range listAt(resource, "Methods") {
			text, _ := m.(string)
			d.samRoutes(text)
		}
	}
	return d.outputsRead()
}

func (d *draft) samRoutes(text string) {
	m := samMethod.FindStringSubmatch(text)
	if m == nil {
		return
	}
	for word := range strings.SplitSeq(m[2], ",") {
		method := strings.ToUpper(strings.Trim(word, ` '"`))
		if strings.EqualFold(method, anyMethod) {
			method = "ANY"
		}
		r := newDeployedRoute(method+" "+m[1], probe.Route{})
		d.request(r.draft())
	}
}
