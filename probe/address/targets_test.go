package address_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/probe/address"
)

// account is a region with one of everything that addresses can lead to.
func account() *probe.Snapshot {
	canary := &probe.Canary{Percent: 10, DeploymentID: "dep2"}
	return &probe.Snapshot{
		Region: "us-east-1",
		APIs: []probe.API{
			{ID: "rest1", Kind: probe.REST, EndpointTypes: []string{"REGIONAL"}, Stages: []probe.Stage{
				{Name: "prod", DeploymentID: "dep1", Canary: canary}, {Name: "dev", DeploymentID: "dep0"},
			}},
			{ID: "http1", Kind: probe.HTTP, Stages: []probe.Stage{{Name: "$default"}, {Name: "beta"}}},
			{ID: "http2", Kind: probe.HTTP, Stages: []probe.Stage{{Name: "beta"}}},
			{ID: "closed", Kind: probe.REST, DefaultEndpointOff: true, Stages: []probe.Stage{{Name: "prod"}}},
			{ID: "unread", Kind: probe.REST},
		},
		Gaps: []probe.Gap{{Operation: "GetStages", GapOf: probe.GapOf{APIID: "unread"}}},
		Domains: []probe.Domain{
			{Name: "api.example.com", EndpointTypes: []string{"EDGE"}, Mappings: []probe.Mapping{
				{BasePath: "v1", APIID: "rest1", Stage: "prod"}, {BasePath: "v1/beta", APIID: "rest1", Stage: "dev"}, {BasePath: "c", APIID: "closed", Stage: "prod"},
			}},
			{Name: "root.example.com", Mappings: []probe.Mapping{{APIID: "rest1", Stage: "dev"}}},
			{Name: "bare.example.com"},
			{Name: "*.w.example.com", Mappings: []probe.Mapping{{APIID: "http1", Stage: "$default"}}},
			{Name: "rules.example.com", RoutingMode: "ROUTING_RULE_THEN_API_MAPPING",
				Mappings: []probe.Mapping{{APIID: "rest1", Stage: "prod"}},
				Rules: []probe.RoutingRule{
					{ID: "late", Priority: 50, APIID: "rest1", Stage: "dev", BasePaths: []string{"/v2"}},
					{ID: "early", Priority: 10, APIID: "closed", Stage: "prod", BasePaths: []string{"v2"}, StripBasePath: true, Headers: []probe.HeaderMatch{{Name: "X-Version", Glob: "beta*"}}},
				}},
		},
	}
}

// brief is what a target is told apart by.
type brief struct {
	ID, URL, API, Stage, Deployment string
	Kind                            probe.TargetKind
	APIKind                         probe.APIKind
	Endpoint, BasePath              string
	Unmapped                        bool
}

func briefs(ts []probe.Target) (bs []brief) {
	for _, t := range ts {
		bs = append(bs, brief{t.ID, t.URL, t.APIID, t.Stage, t.DeploymentID, t.Kind, t.APIKind, t.Endpoint, t.BasePath, t.Unmapped != ""})
	}
	return bs
}

const execute = ".execute-api.us-east-1.amazonaws.com"

func TestTargets(t *testing.T) {
	prod := brief{"rest1/prod", "https://rest1" + execute + "/prod", "rest1", "prod", "dep1", probe.InvokeURL, probe.REST, "REGIONAL", "", false}
	dev := brief{"rest1/dev", "https://rest1" + execute + "/dev", "rest1", "dev", "dep0", probe.InvokeURL, probe.REST, "REGIONAL", "", false}
	v1 := brief{"api.example.com/v1", "https://api.example.com/v1", "rest1", "prod", "dep1", probe.CustomDomain, probe.REST, "EDGE", "v1", false}
	root := brief{"root.example.com", "https://root.example.com", "rest1", "dev", "dep0", probe.CustomDomain, probe.REST, "", "", false}
	for _, tt := range []struct {
		name string
		sel  address.Selection
		want []brief
		told string // in a problem
	}{
		{"an API with everything that leads to it", address.Selection{APIs: []address.APISelection{{ID: "rest1"}}}, []brief{
			prod, dev, v1,
			{"api.example.com/v1/beta", "https://api.example.com/v1/beta", "rest1", "dev", "dep0", probe.CustomDomain, probe.REST, "EDGE", "v1/beta", false},
			root,
			{"rules.example.com", "https://rules.example.com", "rest1", "prod", "dep1", probe.CustomDomain, probe.REST, "", "", false},
			{"rules.example.com/v2", "https://rules.example.com", "rest1", "dev", "dep0", probe.CustomDomain, probe.REST, "", "v2", false},
		}, ""},
		{"a stage and a domain meant to serve it", address.Selection{APIs: []address.APISelection{{ID: "rest1", Stages: []string{"prod"},
			Domains: []address.DomainSelection{{Name: "root.example.com", Stage: "prod"}}}}}, []brief{prod, root}, ""},
		{"of several base paths the one that leads where it is meant to", address.Selection{APIs: []address.APISelection{{ID: "rest1", Stages: []string{"prod"},
			Domains: []address.DomainSelection{{Name: "api.example.com", Stage: "prod"}}}}}, []brief{prod, v1}, ""},
		{"a domain that leads nowhere", address.Selection{APIs: []address.APISelection{{ID: "rest1", Stages: []string{"prod"},
			Domains: []address.DomainSelection{{Name: "bare.example.com", Stage: "prod"}, {Name: "api.example.com", BasePath: "/v9/"}}}}}, []brief{
			prod,
			{"bare.example.com", "https://bare.example.com", "", "", "", probe.CustomDomain, "", "", "", true},
			{"api.example.com/v9", "https://api.example.com/v9", "", "", "", probe.CustomDomain, "", "EDGE", "v9", true},
		}, ""},
		{"a stage that is not there", address.Selection{APIs: []address.APISelection{{ID: "rest1", Stages: []string{"prd"}, Domains: []address.DomainSelection{{Name: "elsewhere.test"}}}}}, []brief{
			{"rest1/prd", "https://rest1" + execute + "/prd", "rest1", "prd", "", probe.InvokeURL, probe.REST, "REGIONAL", "", true},
			{"elsewhere.test", "https://elsewhere.test", "", "", "", probe.CustomDomain, "", "", "", false},
		}, "not found among the custom domains"},
		{"stages that could not be read are not absent", address.Selection{APIs: []address.APISelection{{ID: "unread", Stages: []string{"prod"}}}}, []brief{
			{"unread/prod", "https://unread" + execute + "/prod", "unread", "prod", "", probe.InvokeURL, probe.REST, "", "", false},
		}, ""},
		{"an endpoint that is switched off", address.Selection{APIs: []address.APISelection{{ID: "closed"}}}, []brief{
			{"api.example.com/c", "https://api.example.com/c", "closed", "prod", "", probe.CustomDomain, probe.REST, "EDGE", "c", false},
		}, "domain rules.example.com, /v2: its way"},
		{"an emulator", address.Selection{InvokeTemplate: "http://localhost:4566/_aws/execute-api/{api}/{stage}/", APIs: []address.APISelection{{ID: "http1"}}}, []brief{
			{"http1/$default", "http://localhost:4566/_aws/execute-api/http1", "http1", "$default", "", probe.InvokeURL, probe.HTTP, "", "", false},
			{"http1/beta", "http://localhost:4566/_aws/execute-api/http1/beta", "http1", "beta", "", probe.InvokeURL, probe.HTTP, "", "", false},
		}, "many names"},
		{"an unknown API", address.Selection{APIs: []address.APISelection{{ID: "nope"}}}, nil, "not found in region us-east-1"},
		{"pasted: REST", address.Selection{URLs: []string{"https://rest1" + execute + "/prod/orders", "https://rest1" + execute + "/prod/x"}}, []brief{prod}, ""},
		{"pasted: REST without its stage", address.Selection{URLs: []string{"https://rest1" + execute + "/orders", "https://rest1" + execute}}, []brief{
			{"rest1/orders", "https://rest1" + execute + "/orders", "rest1", "orders", "", probe.InvokeURL, probe.REST, "REGIONAL", "", true},
			{"rest1", "https://rest1" + execute, "rest1", "", "", probe.InvokeURL, probe.REST, "REGIONAL", "", true},
		}, ""},
		{"pasted: HTTP API", address.Selection{URLs: []string{"https://http1" + execute + "/orders", "https://http1" + execute + "/beta/orders", "https://http2" + execute + "/orders"}}, []brief{
			{"http1/$default", "https://http1" + execute, "http1", "$default", "", probe.InvokeURL, probe.HTTP, "", "", false},
			{"http1/beta", "https://http1" + execute + "/beta", "http1", "beta", "", probe.InvokeURL, probe.HTTP, "", "", false},
			{"http2/orders", "https://http2" + execute + "/orders", "http2", "orders", "", probe.InvokeURL, probe.HTTP, "", "", true},
		}, ""},
		{"pasted: custom domains", address.Selection{URLs: []string{"https://api.example.com/v1/orders", "https://api.example.com/nine", "https://a.w.example.com:8443/x", "https://elsewhere.test/y"}}, []brief{
			v1,
			{"api.example.com", "https://api.example.com", "", "", "", probe.CustomDomain, "", "EDGE", "", true},
			{"a.w.example.com", "https://a.w.example.com:8443", "http1", "$default", "", probe.CustomDomain, probe.HTTP, "", "", false},
			{"elsewhere.test", "https://elsewhere.test", "", "", "", probe.CustomDomain, "", "", "", false},
		}, "not found among"},
		{"pasted: rules look at the probe's headers", address.Selection{Headers: []probe.Header{{Name: "x-version", Value: "beta2"}}, URLs: []string{"https://rules.example.com/v2/orders", "https://rules.example.com/V2"}}, []brief{
			{"rules.example.com/v2", "https://rules.example.com/v2", "closed", "prod", "", probe.CustomDomain, probe.REST, "", "v2", false},
			{"rules.example.com", "https://rules.example.com", "rest1", "prod", "dep1", probe.CustomDomain, probe.REST, "", "", false},
		}, ""},
		{"pasted: VPC endpoints", address.Selection{URLs: []string{"https://rest1-vpce-0a.execute-api.us-east-1.amazonaws.com/dev", "https://vpce-0a-b.execute-api.us-east-1.vpce.amazonaws.com/dev"}}, []brief{
			{"rest1/dev", "https://rest1-vpce-0a.execute-api.us-east-1.amazonaws.com/dev", "rest1", "dev", "dep0", probe.InvokeURL, probe.REST, "PRIVATE", "", false},
		}, "does not say which API"},
		{"pasted: an emulator", address.Selection{URLs: []string{"http://localhost:4566/restapis/rest1/dev/_user_request_/orders"}}, []brief{
			{"rest1/dev", "http://localhost:4566/restapis/rest1/dev/_user_request_", "rest1", "dev", "dep0", probe.InvokeURL, probe.REST, "REGIONAL", "", false},
		}, ""},
		{"pasted: no URL", address.Selection{URLs: []string{"https://"}}, nil, "no host name"},
		{"pasted: a domain's DNS target", address.Selection{URLs: []string{"https://d-1.execute-api.us-east-1.amazonaws.com/"}}, []brief{
			{"d-1" + execute, "https://d-1" + execute, "", "", "", probe.CustomDomain, "", "", "", false},
		}, "only under the domain's name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := address.Targets(account(), tt.sel)
			if diff := cmp.Diff(tt.want, briefs(got)); diff != "" {
				t.Error(diff)
			}
			all := ""
			for _, p := range problems {
				all += "\n" + p.Subject + ": " + p.Text
			}
			if tt.told == "" && all != "" || !strings.Contains(all, tt.told) {
				t.Errorf("problems %q, want %q", all, tt.told)
			}
		})
	}
}

func TestTargetsSayWhatTheyAreMeantToServeAndWhatWaitsThere(t *testing.T) {
	got, _ := address.Targets(account(), address.Selection{APIs: []address.APISelection{{ID: "rest1", Stages: []string{"prod"},
		Domains: []address.DomainSelection{{Name: "root.example.com", Stage: "prod"}}}}, URLs: []string{"https://root.example.com/x"}})
	if len(got) != 2 || got[0].Canary == nil || got[0].Canary.Percent != 10 || got[0].Meant != nil {
		t.Fatalf("%+v", got)
	}
	if m := got[1].Meant; m == nil || *m != (probe.StageRef{APIID: "rest1", Stage: "prod"}) {
		t.Errorf("meant %v", m)
	}
}

func TestTargetsWithoutAConfiguration(t *testing.T) {
	got, problems := address.Targets(nil, address.Selection{Region: "eu-west-1", APIs: []address.APISelection{{ID: "abc", Stages: []string{"prod"}}},
		URLs: []string{"https://xyz.execute-api.us-east-1.amazonaws.com/dev/a", "https://api.example.com/v1/a",
			"https://vpce-0a-b.execute-api.us-east-1.vpce.amazonaws.com/dev"}})
	want := []brief{
		{ID: "abc/prod", URL: "https://abc.execute-api.eu-west-1.amazonaws.com/prod", API: "abc", Stage: "prod", Kind: probe.InvokeURL},
		{ID: "xyz/dev", URL: "https://xyz.execute-api.us-east-1.amazonaws.com/dev", API: "xyz", Stage: "dev", Kind: probe.InvokeURL},
		{ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain},
		{ID: "abc/dev", URL: "https://vpce-0a-b.execute-api.us-east-1.vpce.amazonaws.com/dev", API: "abc", Stage: "dev", Kind: probe.InvokeURL, Endpoint: "PRIVATE"},
	}
	if diff := cmp.Diff(want, briefs(got)); diff != "" || len(problems) > 0 {
		t.Errorf("problems %v\n%s", problems, diff)
	}
	if diff := cmp.Diff([]probe.Header{{Name: "x-apigw-api-id", Value: "abc"}}, got[3].Header); diff != "" {
		t.Error(diff)
	}
}

func TestReaches(t *testing.T) {
	snap := account()
	targets, _ := address.Targets(snap, address.Selection{URLs: []string{"https://api.example.com/v1/", "https://rest1" + execute + "/prod/", "https://elsewhere.test/"}})
	for _, tt := range []struct {
		target int
		path   string
		want   bool
	}{
		{0, "/orders", true}, {0, "/beta", false}, {0, "/beta/x", false}, {0, "/betax", true}, // v1/beta is mapped to another stage
		{1, "/beta", true}, {2, "/anything", true},
	} {
		if got := targets[tt.target].Reaches(snap, tt.path, nil); got != tt.want {
			t.Errorf("%s%s: %v", targets[tt.target].ID, tt.path, got)
		}
	}
}

// Where it could not be read where a domain leads, and where it leads nowhere, every path
// is its own: it must be asked.
func TestReachesWhereNothingIsKnown(t *testing.T) {
	snap := &probe.Snapshot{Domains: []probe.Domain{
		{Name: "unread.example.com"}, {Name: "nowhere.example.com"}, {Name: "partly.example.com", Mappings: []probe.Mapping{{BasePath: "v1", APIID: "rest1", Stage: "prod"}}},
	}}
	for _, domain := range []string{"unread.example.com", "partly.example.com"} {
		snap.Gaps = append(snap.Gaps, probe.Gap{Operation: "GetApiMappings", GapOf: probe.GapOf{Domain: domain}})
	}
	for _, tt := range []struct {
		target probe.Target
		path   string
		want   bool
	}{
		{probe.Target{URL: "https://unread.example.com"}, "/orders", true},
		{probe.Target{URL: "https://nowhere.example.com"}, "/orders", true},
		{probe.Target{URL: "https://partly.example.com"}, "/orders", true},
		{probe.Target{URL: "https://partly.example.com"}, "/v1/orders", false},
		{probe.Target{URL: "https://partly.example.com/v1", APIID: "rest1", Stage: "prod"}, "/orders", true},
	} {
		tt.target.Kind = probe.CustomDomain
		if got := tt.target.Reaches(snap, tt.path, nil); got != tt.want {
			t.Errorf("%s%s: %v", tt.target.URL, tt.path, got)
		}
	}
}

func TestURLScenarios(t *testing.T) {
	sel := address.Selection{URLs: []string{
		"https://rest1" + execute + "/prod/orders?limit=1", "https://rest1" + execute + "/dev/orders?limit=1", "https://rest1" + execute + "/dev/orders",
		"https://api.example.com/v1/orders", "https://rest1" + execute + "/dev", "https://http1" + execute + "/a%2Fb/", "https://",
	}}
	targets, _ := address.Targets(account(), sel)
	want := []probe.Scenario{
		{Name: "GET /orders", Method: "GET", Path: "/orders", Query: "limit=1", Targets: []string{"rest1/prod", "rest1/dev"}},
		{Name: "GET /orders (2)", Method: "GET", Path: "/orders", Targets: []string{"rest1/dev", "api.example.com/v1"}},
		{Name: "GET /", Method: "GET", Targets: []string{"rest1/dev"}},
		{Name: "GET /a%2Fb/", Method: "GET", Path: "/a%2Fb/", Targets: []string{"http1/$default"}},
	}
	if diff := cmp.Diff(want, address.URLScenarios(targets, sel)); diff != "" {
		t.Error(diff)
	}
}

func TestScenariosAreSafeAndBare(t *testing.T) {
	d := &probe.Definition{Routes: map[string]probe.Route{
		"GET /orders":       {Authorization: "NONE"},
		"POST /orders":      {},
		"ANY /any":          {},
		"GET /any":          {OperationName: "exact"},
		"OPTIONS /orders":   {Integration: probe.Integration{Type: "MOCK"}},
		"OPTIONS /cors":     {},
		"HEAD /cors":        {},
		"GET /orders/{id}":  {},
		"GET /iam":          {Authorization: "AWS_IAM"},
		"GET /key":          {APIKeyRequired: true},
		"GET /search":       {Parameters: map[string]bool{"query.q": true}},
		"GET /optional":     {Parameters: map[string]bool{"query.q": false}},
		"GET /validated":    {Validator: "body,params", RequestModels: map[string]string{"application/json": "M"}},
		"GET /ping":         {},
		"GET /sping":        {},
		"ANY /{proxy+}":     {},
		"DELETE /orders/{x": {},
	}}
	names := func(ss []probe.Scenario) (ns []string) {
		for _, s := range ss {
			if !probe.SafeMethod(s.Method) || s.Unsafe || s.Limit != 0 || s.Route == "" {
				t.Errorf("%+v", s)
			}
			ns = append(ns, s.Name)
		}
		return ns
	}
	for _, tt := range []struct {
		d    *probe.Definition
		o    probe.RouteOptions
		want []string
	}{
		{d, probe.RouteOptions{}, []string{"GET /any", "GET /optional", "GET /orders", "HEAD /cors"}},
		{d, probe.RouteOptions{Max: 2}, []string{"GET /any", "GET /optional"}},
		{d, probe.RouteOptions{Authenticated: true, Max: 9}, []string{"GET /any", "GET /iam", "GET /key", "GET /optional", "GET /orders", "HEAD /cors"}},
		{&probe.Definition{Routes: map[string]probe.Route{"ANY /{proxy+}": {Parameters: map[string]bool{"path.proxy": true}}, "ANY /x/{id}/{proxy+}": {}}}, probe.RouteOptions{}, []string{"GET /stageprobe"}},
		{&probe.Definition{Routes: map[string]probe.Route{"$default": {}}}, probe.RouteOptions{}, []string{"GET /"}},
		{nil, probe.RouteOptions{}, nil},
	} {
		if diff := cmp.Diff(tt.want, names(probe.Scenarios(tt.d, tt.o))); diff != "" {
			t.Errorf("%+v:\n%s", tt.o, diff)
		}
	}
	if r := probe.Scenarios(d, probe.RouteOptions{})[0].Route; r != "GET /any" {
		t.Errorf("the exact method goes before ANY, got %q", r)
	}
	many := &probe.Definition{Routes: map[string]probe.Route{}}
	for c := 'a'; c <= 'z'; c++ {
		many.Routes["GET /"+string(c)] = probe.Route{}
	}
	if got := names(probe.Scenarios(many, probe.RouteOptions{})); len(got) != probe.MaxScenarios || got[11] != "GET /x" {
		t.Errorf("not spread: %v", got)
	}
}

func TestEditorOnlyRoutesAreConfirmed(t *testing.T) {
	deployed := &probe.Definition{Routes: map[string]probe.Route{"GET /a": {}, "ANY /b": {}}}
	editor := &probe.Definition{Routes: map[string]probe.Route{"GET /a": {}, "GET /b": {}, "GET /c": {Authorization: "AWS_IAM"}, "ANY /d": {}, "POST /e": {}, "GET /f/{id}": {}}}
	want := []probe.Scenario{
		{Name: "GET /c", Method: "GET", Path: "/c", Route: "GET /c", Limit: 3, Confirms: "editor-only route GET /c"},
		{Name: "GET /d", Method: "GET", Path: "/d", Route: "ANY /d", Limit: 3, Confirms: "editor-only route ANY /d"},
	}
	if diff := cmp.Diff(want, probe.EditorOnly(editor, deployed, 3)); diff != "" {
		t.Error(diff)
	}
	if got := probe.EditorOnly(editor, deployed, 1); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if got := probe.EditorOnly(editor, nil, 1); got != nil {
		t.Errorf("without a deployed definition nothing is known: %v", got)
	}
}
