package predeploy

import (
	"fmt"
	"regexp"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// terms are a tool's own words for what mends a change before it is made.
type terms struct {
	tool   Tool
	region string
	// short is how a person writes an address.
	short func(string) string
	// elsewhere, unsure and unknown say what would settle a question: that the
	// deployment is not in the files, where a stage leads, a value not known yet.
	elsewhere, unsure, unknown string
	// removesLate says that a removal comes after the new deployment; "" where it
	// does not.
	removesLate string

	renew  func(t terms, api *API, s *Stage, d *Deployment) []cause.Remedy // a deployment that is there
	deploy string                                                          // how to add a deployment where there is none
	lead   string                                                          // how to lead the stage to it
	auto   string                                                          // how to turn automatic deployment on
	order  func(d *Deployment, early []string) cause.Remedy
	allNow string // how to send all traffic to the new version at once
}

func termsOf(tool Tool, region string) terms {
	t := terms{
		tool: tool, region: region, short: func(s string) string { return s },
		elsewhere: "the plan or template that holds its deployment and stage; with credentials, --api ID reads which stages there are",
		unsure:    "the processed template (get-template --template-stage Processed), or a change set",
		unknown:   "nothing before the deploy; after it, stageprobe inspect",
	}
	switch tool {
	case Terraform:
		t.terraform()
	case Pulumi:
		t.pulumi()
	case OpenAPI:
		t.elsewhere = "the plan or template that deploys it; for an API that is there, --api ID with credentials"
		t.deploy = "deploy it to the stage after the import"
	default:
		t.cloudFormation()
	}
	return t
}

// redeploy makes the edits reach a stage; s is nil where the files hold none.
func (t terms) redeploy(api *API, s *Stage) []cause.Remedy {
	if made := api.made(); len(made) > 0 && s != nil {
		return []cause.Remedy{{
			Text:    fmt.Sprintf("Lead stage %s to the new deployment %s.", s.Name, t.short(made[0].Address)),
			Write:   lines(fmt.Sprintf(t.lead, t.short(made[0].Address))),
			Changes: "which snapshot the stage serves", Warning: allTraffic(api, s),
		}}
	}
	if kept := api.kept(); len(kept) > 0 && t.renew != nil {
		return t.renew(t, api, s, kept[0])
	}
	out := []cause.Remedy{{Text: "Renew the deployment where it is made: " + t.deploy + "."}}
	return append(out, t.byHand(api, s)...)
}

// byHand is the AWS CLI's way, where the API's id is known.
func (t terms) byHand(api *API, s *Stage) []cause.Remedy {
	if api.ID == "" || s == nil {
		return nil
	}
	return remedy.Redeploy(t.region, &probe.API{ID: api.ID, Kind: api.Kind}, &probe.Stage{Name: s.Name})
}

func allTraffic(api *API, s *Stage) string {
	if s == nil {
		return "touches all traffic of " + api.Label() + " as soon as it has propagated"
	}
	return "touches all traffic of " + stageMark + " of " + api.Label() + " as soon as it has propagated"
}

func (t terms) autoDeploy(api *API, s *Stage) []cause.Remedy {
	where := "the stage"
	if s != nil {
		where = "stage " + s.Name + " (" + t.short(s.Address) + ")"
	}
	out := []cause.Remedy{{
		Text: "Let " + where + " deploy by itself.", Write: lines(t.auto),
		Changes: "every edit is deployed as it is made", Warning: allTraffic(api, s),
	}}
	if kept := api.kept(); len(kept) > 0 && t.renew != nil {
		out = append(out, t.renew(t, api, s, kept[0])...)
	}
	return out
}

// createFirst lets a replacement be there before the old one goes.
func (t terms) createFirst(d *Deployment) []cause.Remedy {
	if t.tool == Pulumi {
		return []cause.Remedy{{Text: "Take deleteBeforeReplace off " + t.short(d.Address) + ": Pulumi then makes the new deployment first."}}
	}
	return []cause.Remedy{{
		Text:  "Let the new deployment be made before the old one goes: write create_before_destroy into " + d.Address + ".",
		Write: lines("lifecycle {\n  create_before_destroy = true\n}"),
	}}
}

func (t terms) canary(api *API, s *Stage) []cause.Remedy {
	canary := "canary_settings"
	switch t.tool {
	case Pulumi:
		canary = "canarySettings"
	case CloudFormation, CDK, SAM, Serverless:
		canary = "CanarySetting"
	}
	first := cause.Remedy{Text: fmt.Sprintf("Remove the canary of stage %s in a deploy of its own, before this one: take %s out of %s. To keep what the canary serves, promote it first.", s.Name, canary, t.short(s.Address))}
	if s.Canary.ByHand {
		first.Text = fmt.Sprintf("Remove the canary of stage %s before this deploy. To keep what the canary serves, promote it instead.", s.Name)
	}
	if api.ID != "" {
		way := remedy.RemoveCanary(t.region, &probe.API{ID: api.ID, Kind: api.Kind}, &probe.Stage{Name: s.Name, Canary: &probe.Canary{Percent: max(0, s.Canary.Percent)}})
		if len(way) > 0 {
			first.Command, first.Changes, first.Warning = way[0].Command, way[0].Changes, way[0].Warning
		}
	}
	return []cause.Remedy{first}
}

func (t terms) shift(s Shift) []cause.Remedy {
	return []cause.Remedy{{Text: "Nothing is wrong where the shift is meant: check after it has ended. " + t.allNow}}
}

func (t terms) wait(d *Deployment, early []string) []cause.Remedy {
	if t.order == nil {
		return nil
	}
	return []cause.Remedy{t.order(d, early)}
}

var (
	trailingNumber = regexp.MustCompile(`\d{1,6}$`)
	hexTail        = regexp.MustCompile(`[0-9a-f]{10,32}$`)
)
