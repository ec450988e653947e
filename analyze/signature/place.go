package signature

import (
	"bytes"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// placing tells which API, stage and route an answer names.
type placing struct{ *evidence }

// resourceARN is the execute-api ARN that a refusal by policy states. It names
// API, stage, method and path as the gateway resolved them.
var resourceARN = lazyregexp.New(`arn:(aws[a-z-]*):execute-api:([a-z0-9-]*):([0-9*]*):([a-z0-9]+)/([^/\s"]+)/([A-Z*]+)(/[^\s"]*)?`)

var apiIDRE = lazyregexp.New(`^[a-z0-9]{8,12}$`)

// place says which API, stage, method and path answered. What the answer states
// comes before what was asked.
func (e placing) place(r *Reading, v verdict) {
	if v.foreign != "" {
		return
	}
	if r.ErrorType != "" && v.by != Integration || v.response != "" {
		e.placeByARN(r)
		e.placeByBody(r)
	}
	r.ToldAPIID, r.ToldStage = r.APIID, r.Stage
	e.placeByURL(r, v)
}

func (e placing) placeByARN(r *Reading) {
	m := resourceARN.FindSubmatch(e.Body[:min(len(e.Body), maxScan)])
	if m == nil {
		return
	}
	r.Partition, r.APIID, r.Stage = string(m[1]), string(m[4]), string(m[5])
	r.Method = string(m[6])
	r.ResourcePath = "/" + strings.TrimPrefix(string(m[7]), "/")
}

func (e placing) placeByBody(r *Reading) {
	facts := e.bodyFacts()
	fill := func(to *string, keys ...string) {
		for _, k := range keys {
			if *to == "" && facts[k] != "" && facts[k] != "-" && facts[k] != "null" {
				*to = facts[k]
			}
		}
	}
	var api, path string
	fill(&api, "apiid", "restapiid")
	if r.APIID == "" && apiIDRE.MatchString(api) {
		r.APIID = api
	}
	fill(&r.Stage, "stage", "stagename")
	fill(&r.Method, "httpmethod", "method")
	fill(&r.ResourcePath, "resourcepath")
	fill(&path, "path", "requestpath")
	e.placeByPath(r, path)
}

// placeByPath takes $context.path apart, which begins with the stage on
// execute-api hosts and with the base path on a custom domain.
func (e placing) placeByPath(r *Reading, path string) {
	first, rest, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !strings.HasPrefix(path, "/") || first == "" || e.addr.Kind == address.AddressCustom {
		return
	}
	if r.Stage == "" && more {
		r.Stage = first
	}
	// A path at the very end of the body may have been cut there.
	if r.ResourcePath == "" && r.Stage == first && !bytes.HasSuffix(e.Body, []byte(path)) {
		r.ResourcePath = "/" + rest
	}
}

// placeByURL adds what the asked URL tells. Its first segment is the stage of
// a REST API, unless the answer leaves open whether there is such a stage.
func (e placing) placeByURL(r *Reading, v verdict) {
	if r.Method == "" {
		r.Method = e.Method
	}
	a := e.addr
	if a.APIID == "" && apiIDRE.MatchString(e.AskedAPI) {
		a.APIID = e.AskedAPI
	}
	if a.Host == "" {
		r.APIID = cmpOr(r.APIID, a.APIID)
		return
	}
	if a.Partition == "" && strings.HasSuffix(a.Host, ".amazonaws.com.cn") {
		a.Partition = "aws-cn" // a load balancer in front of a private endpoint
	}
	if r.Partition == "" {
		r.Partition = a.Partition
	}
	if r.APIID != "" && a.APIID != "" && r.APIID != a.APIID {
		return // another API answered than the one asked
	}
	if r.APIID == "" {
		r.APIID = a.APIID
	}
	stage := a.Stage
	// At a private endpoint, and at a load balancer in front of one, only REST
	// APIs answer, and no mapping takes a part of the path away.
	byID := e.AskedAPI != "" && a.APIID == e.AskedAPI || a.Kind == address.AddressVPCE
	if stage == "" && (a.Kind == address.AddressExecuteAPI || byID) && (r.APIKind == probe.REST || e.webSocket) {
		stage = a.First
	}
	if stage == "" || v.unserved || v.by == Network || v.by == Edge {
		return
	}
	if r.Stage == "" {
		r.Stage = stage
	}
	if _, _, more := strings.Cut(strings.TrimPrefix(a.Path, "/"), "/"); more && r.ResourcePath == "" && r.Stage == stage {
		r.ResourcePath = "/" + strings.TrimPrefix(strings.TrimPrefix(a.Path, "/"+stage), "/")
	}
}
