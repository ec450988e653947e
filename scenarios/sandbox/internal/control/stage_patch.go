package control

import (
	"slices"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// The copies that a promotion consists of, and no others.
const (
	copyDeployment = "/canarySettings/deploymentId"
	copyOverrides  = "/canarySettings/stageVariableOverrides"
)

func updateStage(r *request, api *cloud.API, stage *cloud.Stage) (any, error) {
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	p := stagePatch{api: api, stage: stage, canary: stage.Canary != nil}
	for _, op := range ops {
		if err := p.check(op); err != nil {
			return nil, err
		}
	}
	next := r.cloud.Change(api, stage.Name, func(s *cloud.Stage) {
		p.stage = s
		for _, op := range ops {
			p.apply(op)
		}
	})
	return restStage(r.cloud, next), nil
}

// stagePatch applies patch operations to one stage. They are checked before
// the first is applied: a refused call changes nothing.
type stagePatch struct {
	api    *cloud.API
	stage  *cloud.Stage
	canary bool // there is one, or an earlier operation of the call makes one
}

func (p *stagePatch) check(op patch) error {
	if op.Op == "copy" {
		return p.checkCopy(op)
	}
	switch {
	case (op.Path == "/deploymentId" || op.Path == copyDeployment) && op.Op == "replace":
		if p.api.Deployment(op.Value) == nil {
			return badRequest("Deployment id does not exist")
		}
	case op.Path == "/canarySettings/percentTraffic":
		if v, err := strconv.ParseFloat(op.Value, 64); err != nil || v < 0 || v > 100 {
			return badRequest("Invalid value for percentTraffic: %s. Must be between 0.0 and 100.0", op.Value)
		}
	case strings.HasSuffix(op.Path, "/throttling/rateLimit") || strings.HasSuffix(op.Path, "/throttling/burstLimit"):
		if _, err := strconv.ParseFloat(op.Value, 64); err != nil {
			return badRequest("Invalid value '%s' for %s: a number is expected", op.Value, op.Path)
		}
	case op.Path == "/canarySettings" && op.Op == "remove" && !p.canary:
		return badRequest("Cannot remove canary settings. Canary does not exist.")
	}
	if !known(op.Path) {
		return badRequest("Invalid patch path '%s' specified for op '%s'", op.Path, op.Op)
	}
	if strings.HasPrefix(op.Path, "/canarySettings/") {
		p.canary = true
	}
	return nil
}

func (p *stagePatch) checkCopy(op patch) error {
	valid := op.From == copyDeployment && op.Path == "/deploymentId" || op.From == copyOverrides && op.Path == "/variables"
	if !valid {
		return badRequest("Invalid copy operation with path: %s and from %s. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [%s, %s]",
			op.Path, op.From, copyDeployment, copyOverrides)
	}
	if !p.canary {
		return badRequest("Promotion not available. Canary does not exist.")
	}
	return nil
}

// methodSettingNames are the ends of a method setting's path.
var methodSettingNames = []string{
	"logging/loglevel", "logging/dataTrace", "metrics/enabled", "throttling/rateLimit", "throttling/burstLimit",
	"caching/enabled", "caching/ttlInSeconds", "caching/dataEncrypted",
	"caching/requireAuthorizationForCacheControl", "caching/unauthorizedCacheControlHeaderStrategy",
}

var plainSettings = []string{
	"/deploymentId", "/description", "/cacheClusterEnabled", "/cacheClusterSize", "/clientCertificateId",
	"/tracingEnabled", "/documentationVersion", "/accessLogSettings", "/accessLogSettings/destinationArn",
	"/accessLogSettings/format", "/canarySettings", copyDeployment, "/canarySettings/percentTraffic", "/canarySettings/useStageCache",
}

func known(path string) bool {
	if slices.Contains(plainSettings, path) || strings.HasPrefix(path, "/variables/") || strings.HasPrefix(path, copyOverrides+"/") {
		return true
	}
	parts := pointer(path)
	n := len(parts)
	if n >= 4 {
		return slices.Contains(methodSettingNames, parts[n-2]+"/"+parts[n-1])
	}
	return n == 2 // all settings of a method
}

func (p *stagePatch) apply(op patch) {
	s := p.stage
	switch {
	case op.Op == "copy":
		p.promote(op)
	case strings.HasPrefix(op.Path, "/canarySettings"):
		p.changeCanary(op)
	case strings.HasPrefix(op.Path, "/variables/"):
		s.Variables = withValue(s.Variables, pointer(op.Path)[1], op)
	case strings.HasPrefix(op.Path, "/accessLogSettings"):
		p.accessLog(op)
	case slices.Contains(plainSettings, op.Path):
		p.plain(op)
	default:
		p.method(op)
	}
}

// promote copies from the canary to the stage. AWS sets the share to 0 with
// the deployment's copy and leaves the rest of the canary in place.
func (p *stagePatch) promote(op patch) {
	s := p.stage
	if op.Path == "/variables" {
		s.Variables = mergeVariables(s.Variables, s.Canary.Variables)
		return
	}
	s.DeploymentID = s.Canary.Deployment
	s.Canary.Percent = 0
}

func (p *stagePatch) changeCanary(op patch) {
	s := p.stage
	if op.Path == "/canarySettings" {
		if op.Op == "remove" {
			s.Canary = nil
		}
		return
	}
	if s.Canary == nil {
		// A canary made without a deployment runs the stage's own.
		s.Canary = &world.Canary{Deployment: s.DeploymentID}
	}
	switch {
	case op.Path == copyDeployment:
		s.Canary.Deployment = op.Value
	case op.Path == "/canarySettings/percentTraffic":
		s.Canary.Percent, _ = strconv.ParseFloat(op.Value, 64)
	case op.Path == "/canarySettings/useStageCache":
		s.Canary.UseStageCache = op.Value == "true"
	default:
		s.Canary.Variables = withValue(s.Canary.Variables, pointer(op.Path)[2], op)
	}
}

func (p *stagePatch) accessLog(op patch) {
	s := p.stage
	if op.Op == "remove" && op.Path == "/accessLogSettings" {
		s.AccessLog = nil
		return
	}
	next := world.AccessLog{}
	if s.AccessLog != nil {
		next = *s.AccessLog
	}
	switch op.Path {
	case "/accessLogSettings/destinationArn":
		next.Group = op.Value
	case "/accessLogSettings/format":
		next.Format = op.Value
	}
	s.AccessLog = &next
}

func (p *stagePatch) plain(op patch) {
	s := p.stage
	switch op.Path {
	case "/deploymentId":
		s.DeploymentID = op.Value
	case "/description":
		s.Description = op.Value
	case "/cacheClusterEnabled":
		s.CacheCluster = op.Value == "true"
	case "/cacheClusterSize":
		s.CacheSize = op.Value
	case "/clientCertificateId":
		s.ClientCert = op.Value
	case "/tracingEnabled":
		s.Tracing = op.Value == "true"
	}
}

// method changes the settings of one method: "/{path}/{METHOD}/{group}/{name}"
// with the resource path's slashes as "~1".
func (p *stagePatch) method(op patch) {
	parts := pointer(op.Path)
	if len(parts) == 2 {
		delete(p.stage.Methods, parts[0]+"/"+parts[1])
		return
	}
	n := len(parts)
	key := strings.Join(parts[:n-2], "/")
	next := world.MethodSetting{Logging: "OFF"}
	if old := p.stage.Methods[key]; old != nil {
		next = *old
	}
	setMethod(&next, parts[n-2]+"/"+parts[n-1], op.Value)
	if p.stage.Methods == nil {
		p.stage.Methods = map[string]*world.MethodSetting{}
	}
	p.stage.Methods[key] = &next
}

func setMethod(m *world.MethodSetting, name, value string) {
	on := value == "true"
	switch name {
	case "logging/loglevel":
		m.Logging = value
	case "logging/dataTrace":
		m.DataTrace = on
	case "metrics/enabled":
		m.Metrics = on
	case "throttling/rateLimit":
		rate, _ := strconv.ParseFloat(value, 64)
		m.Rate = &rate
	case "throttling/burstLimit":
		burst := number(value)
		m.Burst = &burst
	case "caching/enabled":
		m.Caching = on
	case "caching/ttlInSeconds":
		ttl := number(value)
		m.TTL = &ttl
	case "caching/dataEncrypted":
		m.Encrypted = on
	}
}
