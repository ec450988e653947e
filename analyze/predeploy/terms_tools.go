package predeploy

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

func (t *terms) terraform() {
	t.unsure, t.unknown = "the configuration part of the plan: terraform show -json writes it", "a second terraform plan after the apply, or stageprobe inspect"
	t.removesLate = "where the old deployment depended on it, Terraform destroys it only after the new deployment has been made, so that the new one may still hold it"
	t.renew = renewTerraform
	t.deploy = "add an aws_api_gateway_deployment with triggers over the whole definition, and lead the stage's deployment_id to it"
	t.lead = "deployment_id = %s.id   # and no ignore_changes = [deployment_id]"
	t.auto = "auto_deploy = true"
	t.allNow = "To send everything to the new version at once, take routing_config off the alias."
	t.order = func(d *Deployment, early []string) cause.Remedy {
		return cause.Remedy{
			Text: "Let " + d.Address + " wait for them.", Write: lines("depends_on = [\n" + indented(withoutAll(early)) + "]"),
		}
	}
}

func lines(s string) []string { return strings.Split(s, "\n") }

func indented(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("  " + l + ",\n")
	}
	return b.String()
}

func withoutAll(addresses []string) []string {
	return unique(each(addresses, func(a string) string {
		plain := withoutIndices(a)
		return strings.TrimPrefix(strings.TrimPrefix(plain, modulePath(plain)), ".")
	}))
}

// maxHashed bounds the list that a triggers block names.
const maxHashed = 30

// renewTerraform writes the triggers block, and replaces the deployment once.
func renewTerraform(t terms, api *API, s *Stage, d *Deployment) []cause.Remedy {
	address := "terraform apply -replace=" + remedy.Quote(d.Address)
	once := cause.Remedy{
		Text: "Once, without changing the configuration: make a new deployment in this apply.", Command: address,
		Changes: "the stage serves a new snapshot of everything in the editor", Warning: allTraffic(api, s),
	}
	var hashed []string
	plain := withoutIndices(d.Address)
	home := modulePath(plain)
	for _, p := range api.Parts {
		if modulePath(withoutIndices(p)) == home {
			hashed = append(hashed, p)
		}
	}
	hashed = withoutAll(hashed)
	if len(hashed) == 0 {
		hashed = []string{"# what the module that holds the routes gives out"}
	}
	for i, h := range hashed {
		if strings.HasPrefix(h, "aws_api_gateway_rest_api.") && bodyEdited(api) {
			hashed[i] = h + ".body"
		}
	}
	if len(hashed) > maxHashed {
		hashed = append(hashed[:maxHashed], fmt.Sprintf("# and %d more", len(hashed)-maxHashed))
	}
	return []cause.Remedy{{
		Text: "So that every edit makes a new deployment: hash whole resources, and not their ids, in the triggers of " + d.Address + ", with create_before_destroy.",
		Write: lines("triggers = {\n  redeployment = sha1(jsonencode([\n    " + strings.ReplaceAll(strings.TrimSpace(indented(hashed)), "\n", "\n  ") +
			"\n  ]))\n}\nlifecycle {\n  create_before_destroy = true\n}"),
		Changes: "this apply and every later one that edits them makes a new deployment and moves the stage to it", Warning: allTraffic(api, s),
	}, once}
}

func bodyEdited(api *API) bool {
	return len(api.Edits) == 1 && api.Edits[0].Kind == "body"
}

func (t *terms) pulumi() {
	t.short = shortURN
	t.elsewhere = "a preview with what stays: pulumi preview --json --show-sames; if deployment and stage are of another stack, that stack's preview"
	t.unsure, t.unknown = t.elsewhere, "a second preview after the update, or stageprobe inspect"
	t.removesLate = "Pulumi deletes what goes after it has made what comes, so that the new deployment may still hold it"
	t.renew = renewPulumi
	t.deploy = "add an aws.apigateway.Deployment with triggers over the whole definition, and lead the stage's deployment to it"
	t.lead = "deployment: %s.id   // and no ignoreChanges of it"
	t.auto = "autoDeploy: true"
	t.allNow = "To send everything to the new version at once, take routingConfig off the alias."
	t.order = func(d *Deployment, early []string) cause.Remedy {
		return cause.Remedy{Text: "Let " + shortURN(d.Address) + " wait for them.", Write: lines("dependsOn: [" + strings.Join(each(early, nameOfURN), ", ") + "]")}
	}
}

// nameOfURN is the name that a resource has in the program.
func nameOfURN(urn string) string {
	if i := strings.LastIndex(urn, "::"); i >= 0 {
		return urn[i+2:]
	}
	return urn
}

// shortURN is a resource's type and name: "Integration get".
func shortURN(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 || !strings.HasPrefix(urn, "urn:") {
		return urn
	}
	kind := parts[len(parts)-2]
	return kind[strings.LastIndexByte(kind, ':')+1:] + " " + parts[len(parts)-1]
}

func renewPulumi(t terms, api *API, s *Stage, d *Deployment) []cause.Remedy {
	parts := each(api.Parts, nameOfURN)
	return []cause.Remedy{{
		Text:    "So that every edit makes a new deployment: hash the definition in the triggers of " + t.short(d.Address) + ".",
		Write:   lines("triggers: {\n  redeployment: pulumi.all([" + few(unique(parts), maxHashed) + "])\n    .apply(all => sha1(JSON.stringify(all))),\n}"),
		Changes: "this update and every later one that edits them makes a new deployment", Warning: allTraffic(api, s),
	}, {
		Text:    "Once, without changing the program: make a new deployment in this update.",
		Command: "pulumi up --replace " + remedy.Quote(d.Address), Warning: allTraffic(api, s),
	}}
}

func (t *terms) cloudFormation() {
	t.removesLate = "CloudFormation deletes what a template drops only after everything else is done, so that the new deployment may still hold it"
	t.lead = "DeploymentId: !Ref %s"
	t.auto = "AutoDeploy: true"
	t.renew = renewTemplate
	t.allNow = "To send everything to the new version at once: the deployment preference AllAtOnce."
	t.deploy = "add an AWS::ApiGateway::Deployment with a logical id of its own to the stack that owns the routes, and lead the stage's DeploymentId to it"
	t.order = func(d *Deployment, early []string) cause.Remedy {
		return cause.Remedy{Text: "Let " + d.Address + " wait for them.", Write: lines("DependsOn: [" + strings.Join(early, ", ") + "]")}
	}
	switch t.tool {
	case CDK:
		t.deploy = "add a Deployment to the stack that owns the routes (an imported API has none), and call addToLogicalId on it with what changes"
		t.lead = "new apigateway.Stage(this, 'Stage', { deployment });   // %s"
	case SAM:
		t.order = func(_ *Deployment, early []string) cause.Remedy {
			return cause.Remedy{Text: "Write " + few(early, 3) + " into the definition of the API instead (GatewayResponses, Auth, Models or DefinitionBody): the deployment holds that for certain."}
		}
	case Serverless:
		t.deploy = "run serverless deploy in the service that owns the deployment of the shared API"
	}
}

// nextID is another logical id: CloudFormation makes a new deployment for it.
func nextID(id string) string {
	if n := trailingNumber.FindString(id); n != "" && !hexTail.MatchString(id) {
		if v, err := strconv.Atoi(n); err == nil {
			return strings.TrimSuffix(id, n) + strconv.Itoa(v+1)
		}
	}
	return id + "2"
}

// renewTemplate gives the deployment another logical id, as the tool does it.
func renewTemplate(t terms, api *API, s *Stage, d *Deployment) []cause.Remedy {
	changes := "CloudFormation makes a new deployment: the stage serves a new snapshot of everything in the editor"
	r := cause.Remedy{Changes: changes, Warning: allTraffic(api, s)}
	switch t.tool {
	case CDK:
		r.Text = fmt.Sprintf("Put what changed into the logical id of the deployment (%s now): addToLogicalId makes a new one whenever it changes.", d.Address)
		r.Write = lines("const deployment = api.latestDeployment!;   // or the Deployment that you made\ndeployment.addToLogicalId({ edited: props });   // whatever was edited\ndeployment.node.addDependency(editedConstruct);")
	case SAM:
		r.Text = fmt.Sprintf("Make SAM deploy %s each time; or move the edit into its definition, which the deployment's logical id follows.", cmp.Or(api.Address, "the API"))
		r.Write = lines(api.Address + ":\n  Type: AWS::Serverless::Api\n  Properties:\n    AlwaysDeploy: true")
	default:
		id := nextID(d.Address)
		r.Text = fmt.Sprintf("Give the deployment another logical id, %s instead of %s, wherever the template names it: a deployment is a snapshot of the moment when it is created.", id, d.Address)
		r.Write = lines(id + ":\n  Type: AWS::ApiGateway::Deployment")
		if api.Kind == probe.HTTP {
			r.Write = lines(id + ":\n  Type: AWS::ApiGatewayV2::Deployment")
		}
		if s != nil && s.Address != d.Address {
			r.Write = append(r.Write, lines(s.Address+":\n  Properties:\n    DeploymentId: !Ref "+id)...)
		}
	}
	return append([]cause.Remedy{r}, t.byHand(api, s)...)
}
