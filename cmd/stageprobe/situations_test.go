package main

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
)

// situation is one thing that people meet, on a gateway of its own, and what the command
// makes of it.
type situation struct {
	world   string   // what stands in the place of the defaults of [shop]
	inspect bool     // nothing is sent
	args    []string // of check or inspect
	exit    int
	cause   cause.ID // of the only finding; "" for none
	linked  cause.Link
	says    []string // in its statement
	not     []string // … and not
	remedy  []string // texts or commands, each held by one of its remedies, in this order
	step2   string   // in the note on the deployment history
	next    string   // in what the last remedy says that shows next; "" where it says nothing
	notes   []string // each in one of the report's notes
	quiet   string   // in none of them
	mends   bool     // each of its ways is executed, and the next check is green
	slow    bool     // of long runs alone: what refuses all is asked slowly
}

// shop is an API with two releases; a situation gives its definitions, deployments,
// stages and what is around them.
const shop = `
name: shop
title: an API with two releases
apis:
  - id: shop55aa01
    name: shop
    definitions:
      d1:
        routes:
          "GET /carts": {backend: carts1}
          "GET /catalogue/items": {backend: carts1}
      d2:
        extends: d1
        routes:
          "GET /carts": {backend: carts2}
      denying:
        extends: d1
        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}'
      linked:
        routes:
          "GET /carts": {integration: {type: HTTP_PROXY, method: GET, uri: "https://carts1.internal.example.com", connection_type: VPC_LINK, connection_id: vl01}}
      allowing:
        extends: d1
        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}'
      keyed:
        routes:
          "GET /carts": {backend: carts1, api_key: true}
      gated:
        authorizers: {gate: {function: gate}}
        routes:
          "GET /carts": {backend: carts1, authorizer: gate}
          "GET /catalogue/items": {backend: carts1, authorizer: gate}
      signed:
        routes:
          "ANY /carts": {backend: carts1, authorization: AWS_IAM}
      signedopen:
        routes:
          "ANY /carts": {backend: carts1, authorization: AWS_IAM}
          "OPTIONS /carts": &mock
            integration:
              type: MOCK
              request_templates: {application/json: '{"statusCode": 200}'}
              responses: {"200": {parameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}}}
            responses: ["200"]
      signedpreflight:
        routes:
          "GET /carts": {backend: carts1, authorization: AWS_IAM}
          "OPTIONS /carts":
            <<: *mock
            authorization: AWS_IAM
    deployments:
      - {id: si1111, definition: signed, age: 95d}
      - {id: so1111, definition: signedopen, age: 92d}
      - {id: sp1111, definition: signedpreflight, age: 91d}
      - {id: ke1111, definition: keyed, age: 80d}
      - {id: ga1111, definition: gated, age: 70d}
      - {id: de1111, definition: denying, age: 60d}
      - {id: li1111, definition: linked, age: 50d}
      - {id: aa1111, definition: d1, age: 40d}
      - {id: bb2222, definition: d2, age: 20d}
WORLD
backends:
  carts1: {headers: {x-rel: "1"}, body: '{"rel":1,"rows":[{"id":"c1"}]}'}
  carts2: {headers: {x-rel: "2"}, body: '{"rel":2,"rows":[{"id":"c1","tax":3}]}'}
`

var live = []string{"--api", "shop55aa01", "--stage", "live"}

// Each situation stands beside a confuser of it, which differs in the one point on which
// the reading hangs.
var situations = map[string]situation{
	"a canary takes all traffic": {
		world: `
    editor: d2
    stages: {live: {deployment: aa1111, canary: {percent: 100, deployment: bb2222}}}`,
		mends: true, args: live, cause: cause.StaleCanary, linked: cause.Proven, says: []string{"it serves every request"},
		next:   "this waits for a deployment there: GET /carts integration.uri",
		remedy: []string{"Promote the canary", "Then remove", "Remove the canary"}, step2: "stage live serves deployment bb2222 to everyone, by its canary",
	},
	"an old canary takes all traffic": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222, canary: {percent: 100, deployment: aa1111}}}`,
		args: live, cause: cause.StaleCanary, linked: cause.Proven,
		remedy: []string{"Remove the canary", "Promote the canary", "Then remove"}, step2: "stage live serves deployment aa1111 to everyone, by its canary",
	},
	"a canary takes no traffic": {
		world: `
    editor: d2
    stages: {live: {deployment: aa1111, canary: {percent: 0, deployment: bb2222}}}`,
		args: live, cause: cause.StaleCanary, linked: cause.Proven, says: []string{"it gets no traffic"},
		remedy: []string{"Remove the canary"}, step2: "stage live serves deployment aa1111 of", next: "this waits for a deployment there: GET /carts integration.uri",
	},
	"the policy that refuses was edited": {
		world: `
    editor: allowing
    stages: {live: {deployment: de1111}}`,
		mends: true, args: live, exit: 1, cause: cause.StaleDeployment, linked: cause.Proven,
		says: []string{"Waiting: resource policy.", "403 ACCESS_DENIED"}, remedy: []string{"create-deployment"},
	},
	"the policy that refuses is the edited one, too": {
		world: `
    editor: denying
    stages: {live: {deployment: de1111}}`,
		args: live, exit: 1, cause: cause.AccessDenied, linked: cause.Proven,
		says: []string{"The API's resource policy denies it"}, remedy: []string{"Let the caller in"},
	},
	"a method lets nobody through": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222, methods: {"/carts/GET": {rate: 0, burst: 0}}}}`,
		slow: true, mends: true, args: []string{"https://shop55aa01.execute-api.us-east-1.amazonaws.com/live/carts", "--force-rate"}, exit: 1, cause: cause.Throttled, linked: cause.Proven,
		remedy: []string{"path=/~1carts/GET/throttling/rateLimit,value=RATE"},
	},
	"a preflight is refused by IAM": {
		world: `
    editor: signedpreflight
    stages: {live: {deployment: sp1111}}
signing: {keys: [SANDBOX]}`,
		mends: true, args: append([]string{"--sigv4"}, live...), exit: 1, cause: cause.AccessDenied, linked: cause.Proven,
		says: []string{"preflight"}, remedy: []string{"update-method", "create-deployment"},
	},
	"a preflight is refused by IAM, as ANY is": {
		world: `
    editor: signed
    stages: {live: {deployment: si1111}}
signing: {keys: [SANDBOX]}
check:
  scenarios: |
    version: 1
    apis: [{id: shop55aa01, stages: [live]}]
    scenarios:
      - {name: carts, request: {method: GET, path: /carts}}
      - name: preflight of carts
        request: {method: OPTIONS, path: /carts, headers: {Origin: "https://shop.example.com", Access-Control-Request-Method: GET}}`,
		args: []string{"--sigv4"}, exit: 1, cause: cause.AccessDenied, linked: cause.Proven,
		says: []string{"preflight"}, remedy: []string{"ANY guards OPTIONS as well"},
	},
	"a preflight is answered where ANY asks for a signature": {
		world: `
    editor: signedopen
    stages: {live: {deployment: so1111}}
signing: {keys: [SANDBOX]}`,
		args: append([]string{"--sigv4"}, live...),
	},
	"a usage plan's quota is used up": {
		world: `
    editor: keyed
    stages: {live: {deployment: ke1111}}
usage_plans: [{id: plan1, name: partners, stages: [shop55aa01/live], keys: [key1], quota: 1}]
api_keys: [{id: key1, name: partner, value: partner-key-0123456789}]`,
		slow: true, mends: true, args: append([]string{"--api-key", "partner-key-0123456789", "--force-rate"}, live...), exit: 3, cause: cause.Throttled, linked: cause.Proven,
		remedy: []string{"update-usage-plan --usage-plan-id plan1 --patch-operations op=replace,path=/quota/limit,value=REQUESTS"},
	},
	"a usage plan's quota is not used up": {
		world: `
    editor: keyed
    stages: {live: {deployment: ke1111}}
usage_plans: [{id: plan1, name: partners, stages: [shop55aa01/live], keys: [key1], quota: 100000}]
api_keys: [{id: key1, name: partner, value: partner-key-0123456789}]`,
		args: append([]string{"--api-key", "partner-key-0123456789"}, live...),
	},
	"an authorizer lets in from the first": {
		world: `
    editor: gated
    stages: {live: {deployment: ga1111, data_trace: true}}
functions: {gate: {default: allow}}`,
		args: append([]string{"-H", "Authorization: Bearer t0ken"}, live...),
	},
	"a web ACL lets the probe through": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222, waf: {acl: "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/1", rate: 100000, body: 8192}}}`,
		args: live,
	},
	"five stages on one deployment": {
		world: `
    editor: d2
    stages: {s1: {deployment: aa1111}, s2: {deployment: aa1111}, s3: {deployment: aa1111}, s4: {deployment: aa1111}, s5: {deployment: aa1111}}`,
		inspect: true, args: []string{"--api", "shop55aa01"}, exit: 1, cause: cause.StaleDeployment, linked: cause.ConsistentWith,
		says:   []string{"Stages s1, s2, s3, s4 and s5 serve deployment aa1111"},
		remedy: []string{"--stage-name s1", "--stage-name s2", "--stage-name s3", "--stage-name s4", "--stage-name s5"},
	},
	"a rule keeps the base path": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}
domains:
  - {name: shop.example.com, rules: [{id: r1, priority: 5, paths: [shop], api: shop55aa01, stage: live}]}`,
		mends: true, args: []string{"https://shop.example.com/shop/carts"}, exit: 1, cause: cause.UnmappedTarget, linked: cause.Proven,
		says: []string{"keeps the base path: the stage is asked for /shop/"}, remedy: []string{`"StripBasePath":true`},
	},
	"a rule takes the base path off": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}
domains:
  - {name: shop.example.com, rules: [{id: r1, priority: 5, paths: [shop], api: shop55aa01, stage: live, strip: true}]}`,
		args: []string{"https://shop.example.com/shop/carts"},
	},
	"a rule keeps a base path that the routes begin with": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}
domains:
  - {name: shop.example.com, rules: [{id: r1, priority: 5, paths: [catalogue], api: shop55aa01, stage: live}]}`,
		args: []string{"https://shop.example.com/catalogue/items"},
	},
	"the pasted base path is wrong": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}
domains:
  - {name: shop.example.com, mappings: [{path: v1, api: shop55aa01, stage: live}]}`,
		args: []string{"https://shop.example.com/v2/catalogue/items"}, exit: 1, cause: cause.UnmappedTarget, linked: cause.Proven,
		says: []string{"there are /v1"}, remedy: []string{"use https://shop.example.com/v1/catalogue/items."},
	},
	"the pasted path is wrong": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}`,
		args: []string{"https://shop55aa01.execute-api.us-east-1.amazonaws.com/live/catalogue/item"}, exit: 1, cause: cause.UnmappedTarget, linked: cause.Proven,
		says: []string{"stage live is there", "nearest first: GET /catalogue/items"}, not: []string{"leads to nothing"},
		remedy: []string{"amazonaws.com/live/catalogue/items."},
	},
	"the pasted stage is wrong": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}, test: {deployment: bb2222}}`,
		args: []string{"https://shop55aa01.execute-api.us-east-1.amazonaws.com/tset/carts"}, exit: 1, cause: cause.UnmappedTarget, linked: cause.Proven,
		says: []string{`no stage "tset"`, "amazonaws.com/test/carts"}, remedy: []string{"amazonaws.com/test, "},
	},
	"a stage alone is pasted": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}`,
		args: []string{"https://shop55aa01.execute-api.us-east-1.amazonaws.com/live/"},
	},
	"two stages differ": {
		world: `
    editor: d2
    stages:
      live: {deployment: bb2222, variables: {table: gold, key: a}}
      test: {deployment: bb2222, variables: {table: tin}}`,
		inspect: true, args: []string{"--api", "shop55aa01"}, cause: cause.StageConfigDrift, linked: cause.ConsistentWith,
		says: []string{"nobody declared it"},
		remedy: []string{ // the stage that callers use comes last
			"--stage-name test --patch-operations op=replace,path=/variables/key,value=a op=replace,path=/variables/table,value=gold",
			"--stage-name live --patch-operations op=remove,path=/variables/key op=replace,path=/variables/table,value=tin",
			"{stages: [live, test], setting: variables.key}, {stages: [live, test], setting: variables.table}",
		},
	},
	"a VPC link failed": {
		world: `
    editor: linked
    stages: {live: {deployment: li1111}}
control: {vpc_links: [{id: vl01, name: inner, status: FAILED, message: "the load balancer is gone"}]}`,
		inspect: true, args: []string{"--api", "shop55aa01"},
		notes: []string{"VPC link vl01 (inner), which is FAILED: the load balancer is gone"},
	},
	"a VPC link is available": {
		world: `
    editor: linked
    stages: {live: {deployment: li1111}}
control: {vpc_links: [{id: vl01, name: inner, status: AVAILABLE}]}`,
		inspect: true, args: []string{"--api", "shop55aa01"}, quiet: "VPC link",
	},
	"an API is updating": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}
control: {also: {"api/shop55aa01": {apiStatus: UPDATING}}}`,
		inspect: true, args: []string{"--api", "shop55aa01"},
		notes: []string{"API shop55aa01 is UPDATING"},
	},
	"an API is available": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}}
control: {also: {"api/shop55aa01": {apiStatus: AVAILABLE}}}`,
		inspect: true, args: []string{"--api", "shop55aa01"}, quiet: "shop55aa01 is",
	},
	"a domain is to lead to a stage that lacks an edit": {
		world: `
    editor: d2
    stages: {live: {deployment: aa1111}, test: {deployment: bb2222}}
domains:
  - {name: shop.example.com, mappings: [{api: shop55aa01, stage: test}]}`,
		args: append([]string{"--domain", "shop.example.com"}, live...), exit: 1, cause: cause.WrongStage, linked: cause.Proven,
		remedy: []string{"update-base-path-mapping"}, next: "this waits for a deployment there: GET /carts integration.uri",
	},
	"a domain is to lead to a stage that has every edit": {
		world: `
    editor: d2
    stages: {live: {deployment: bb2222}, test: {deployment: aa1111}}
domains:
  - {name: shop.example.com, mappings: [{api: shop55aa01, stage: test}]}`,
		args: append([]string{"--domain", "shop.example.com"}, live...), exit: 1, cause: cause.WrongStage, linked: cause.Proven,
		remedy: []string{"update-base-path-mapping"},
	},
	"deployments of one second": {
		world: `
      - {id: cc3333, definition: d1, age: 20d}
    editor: d2
    stages: {live: {deployment: bb2222}}`,
		args: live, step2: "stage live serves deployment bb2222 of",
	},
}

func TestSituations(t *testing.T) {
	t.Parallel()
	for name, s := range situations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s.slow && !*long {
				t.Skip("of long runs alone")
			}
			world, err := sandbox.Parse([]byte(strings.Replace(shop, "WORLD", strings.TrimPrefix(s.world, "\n"), 1)))
			if err != nil {
				t.Fatal(err)
			}
			b := open(t, world)
			rep := s.read(t, b)
			s.hold(t, rep)
			if s.mends {
				world.Check.Args = s.args
				if mendWorld(t, world) == 0 {
					t.Error("no command was executed")
				}
			}
		})
	}
}

func (s *situation) read(t *testing.T, b *box) *analyze.Report {
	t.Helper()
	if s.inspect {
		return b.inspect(t, s.args...)
	}
	return b.check(t, "report.json", append(slices.Clone(s.args), "--min-share", "0.1", "--requests", "300")...)
}

func (s *situation) hold(t *testing.T, rep *analyze.Report) {
	t.Helper()
	if rep.ExitCode != s.exit {
		t.Errorf("exit code %d, want %d", rep.ExitCode, s.exit)
	}
	if !strings.Contains(rep.Steps[1].Note, s.step2) {
		t.Errorf("step 2: %q", rep.Steps[1].Note)
	}
	for _, want := range s.notes {
		if !slices.ContainsFunc(rep.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("no note says %q: %q", want, rep.Notes)
		}
	}
	if s.quiet != "" && slices.ContainsFunc(rep.Notes, func(n string) bool { return strings.Contains(n, s.quiet) }) {
		t.Errorf("a note says %q: %q", s.quiet, rep.Notes)
	}
	if s.cause == "" && len(rep.Findings) > 0 || s.cause != "" && (len(rep.Findings) != 1 || rep.Findings[0].Cause != s.cause) {
		t.Fatalf("findings: %q; notes: %q", rep.Verdict, rep.Notes)
	}
	if s.cause == "" {
		return
	}
	f := rep.Findings[0]
	if f.Linked != s.linked {
		t.Errorf("linked %s, want %s", f.Linked, s.linked)
	}
	for _, want := range s.says {
		if !strings.Contains(f.Statement, want) {
			t.Errorf("it does not say %q: %s", want, f.Statement)
		}
	}
	for _, bad := range s.not {
		if strings.Contains(f.Statement, bad) {
			t.Errorf("it says %q: %s", bad, f.Statement)
		}
	}
	if warns := strings.Contains(f.Remedy[len(f.Remedy)-1].Warning, "waits for a deployment"); warns != (s.next != "") || !strings.Contains(f.Remedy[len(f.Remedy)-1].Warning, s.next) {
		t.Errorf("the last remedy warns of %q, want %q", f.Remedy[len(f.Remedy)-1].Warning, s.next)
	}
	rest := f.Remedy
	for _, want := range s.remedy {
		i := slices.IndexFunc(rest, func(r cause.Remedy) bool {
			return strings.Contains(strings.ToLower(r.Text), strings.ToLower(want)) || strings.Contains(r.Command, want)
		})
		if i < 0 {
			t.Fatalf("no remedy says %q in its place: %+v", want, f.Remedy)
		}
		rest = rest[i+1:]
	}
}
