package predeploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// stageMark stands in a statement for the stages that it is about.
const stageMark = "\x00"

// find adds a finding. One that says the same of another stage of the API is the
// same finding, about both: "\x00" in its statement stands for their names.
func (j *judge) find(api *API, s *Stage, f cause.Finding) {
	// No request was sent: nothing ties it to an answer.
	f.Linked, f.Scenarios = cause.ConsistentWith, []string{}
	id := targetID(api, s)
	for i := range j.Findings {
		same := &j.Findings[i]
		if s != nil && same.Cause == f.Cause && j.said[i] == api.Address+f.Statement {
			same.Targets = append(same.Targets, id)
			same.Remedy = withCommands(same.Remedy, f.Remedy)
			return
		}
	}
	f.Targets = []string{id}
	j.said = append(j.said, api.Address+f.Statement)
	j.Findings = append(j.Findings, f)
}

// withCommands adds what AWS CLI commands another stage needs of its own.
func withCommands(ways, others []cause.Remedy) []cause.Remedy {
	for _, o := range others {
		if strings.HasPrefix(o.Command, "aws ") && !slices.ContainsFunc(ways, func(w cause.Remedy) bool { return w.Command == o.Command }) {
			ways = append(ways, o)
		}
	}
	return ways
}

// fillIn writes the stages' names into the statements.
func (j *judge) fillIn() {
	for i := range j.Findings {
		f := &j.Findings[i]
		names := each(f.Targets, func(t string) string { return t[strings.LastIndexByte(t, '/')+1:] })
		word := "stage "
		if len(names) > 1 {
			word = "stages "
		}
		f.Statement = strings.ReplaceAll(f.Statement, stageMark, word+few(names, 5))
		for k := range f.Remedy {
			f.Remedy[k].Warning = strings.ReplaceAll(f.Remedy[k].Warning, stageMark, word+few(names, 5))
		}
		if rest, ok := strings.CutPrefix(f.Statement, "stage"); ok {
			f.Statement = "Stage" + rest
		}
	}
}

func targetID(api *API, s *Stage) string {
	name := cmp.Or(api.ID, api.Name, api.Address)
	if strings.ContainsAny(name, "{}") {
		name = api.Address
	}
	if s == nil {
		return name
	}
	return name + "/" + s.Name
}

// stale finds edits that a stage would not serve. A stage of nil stands for
// whatever serves the API's deployment.
func (j *judge) stale(api *API, s *Stage, why string) {
	f := cause.Finding{
		Cause: cause.StaleDeployment, Severity: cause.Error, Step: 3,
		Evidence: j.evidence(api), Remedy: j.terms.redeploy(api, s),
	}
	if api.Kind == probe.HTTP {
		f.Cause, f.Remedy = cause.AutoDeployOff, j.terms.autoDeploy(api, s)
	}
	where := "Callers of " + api.Label()
	if s != nil {
		where = stageMark + " of " + api.Label()
	}
	f.Statement = fmt.Sprintf("%s would keep serving the old definition: %s would not go live, since %s.", where, editWords(api), why)
	if s == nil {
		f.Statement = fmt.Sprintf("%s would get what they get now: %s would not go live, since %s.", where, editWords(api), why)
	}
	if miss := j.missed(api); miss != "" {
		f.Statement += " " + miss
		f.Evidence = append(f.Evidence, "triggers: "+miss)
	}
	if !visible(api.Edits) {
		f.Severity = cause.Info
		f.Statement += " No caller can see these edits."
	}
	j.find(api, s, f)
}

// missed says what a deployment's triggers leave out.
func (j *judge) missed(api *API) string {
	for _, d := range api.kept() {
		t := d.Triggers
		if t == nil {
			continue
		}
		if t.None {
			return fmt.Sprintf("%s has no triggers, so that nothing makes a new one.", j.terms.short(d.Address))
		}
		var ids, absent []string
		for _, e := range api.Edits {
			switch partly := t.Partly[e.Address]; {
			case t.Whole[e.Address]:
			case partly != nil && !covers(partly, e):
				ids = append(ids, j.terms.short(e.Address)+" ("+strings.Join(partly, ", ")+" alone)")
			case partly == nil:
				absent = append(absent, j.terms.short(e.Address))
			}
		}
		ids, absent = unique(ids), unique(absent)
		switch {
		case len(ids) > 0:
			return fmt.Sprintf("The triggers of %s hash too little of %s: what is edited is not in the hash.", j.terms.short(d.Address), few(ids, 3))
		case len(absent) > 0 && len(t.Hidden) == 0:
			return fmt.Sprintf("The triggers of %s do not hash %s.", j.terms.short(d.Address), few(absent, 3))
		case len(t.Hidden) > 0:
			return fmt.Sprintf("The triggers of %s hash what the plan does not show (%s), and it did not change.", j.terms.short(d.Address), few(unique(t.Hidden), 3))
		}
	}
	return ""
}

// covers tells whether hashed attributes hold an edit.
func covers(attributes []string, e Edit) bool {
	return !slices.ContainsFunc(e.What, func(w string) bool { return !slices.Contains(attributes, w) })
}

func (j *judge) evidence(api *API) []string {
	out := each(api.Edits, func(e Edit) string {
		p := e.planned(j.terms)
		return p.String()
	})
	const most = 8
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return out
}

func editWords(api *API) string {
	subjects := each(api.Edits, func(e Edit) string { return e.Subject })
	return words.Plural(len(api.Edits), "edit") + " (" + few(unique(subjects), 3) + ")"
}

func (j *judge) unsureWords(api *API) string {
	parts := unique(each(api.Edits, func(e Edit) string { return strings.Join(e.What, ", ") + " of " + j.terms.short(e.Address) }))
	if len(parts) == 1 {
		return parts[0] + " is"
	}
	return few(parts, 3) + " are"
}

func percentWords(p float64) string {
	if p < 0 {
		return "an unknown share"
	}
	return fmt.Sprintf("%g %%", p)
}

// destroyedFirst finds a replacement that Terraform cannot carry out.
func (j *judge) destroyedFirst(api *API, s *Stage, d *Deployment) {
	j.find(api, s, cause.Finding{
		Cause: cause.StaleDeployment, Severity: cause.Error, Step: 2,
		Statement: fmt.Sprintf("The deploy would fail, and "+stageMark+" of %s would keep serving the old definition: %s would be destroyed before its replacement is there, and API Gateway refuses that (\"Active stages pointing to this deployment must be moved or deleted\").", api.Label(), j.terms.short(d.Address)),
		Evidence:  []string{"plan: " + j.terms.short(d.Address) + " is deleted first, then created, as without create_before_destroy"},
		Remedy:    j.terms.createFirst(d),
	})
}

// canaryInTheWay finds a canary that stays while its stage is to move.
func (j *judge) canaryInTheWay(api *API, s *Stage, add func(Live, string)) {
	c, lost := s.Canary, "nothing of it"
	if len(api.Edits) > 0 {
		lost = editWords(api)
	}
	f := cause.Finding{Cause: cause.StaleCanary, Severity: cause.Error, Step: 5, Remedy: j.terms.canary(api, s)}
	f.Statement = fmt.Sprintf("Stage %s of %s has a canary (%s of requests) that stays while it is to move to a new deployment: API Gateway refuses that (\"Non canary deployment not supported on stage … because Canary is enabled\"), so the deploy would fail and %s would not go live.",
		s.Name, api.Label(), percentWords(c.Percent), lost)
	f.Evidence = []string{fmt.Sprintf("%s: canary settings with %s of requests stay", j.terms.short(s.Address), percentWords(c.Percent))}
	if c.ByHand {
		f.Evidence[0] = "the stage in the account has a canary that is not in the files"
	}
	add(None, "its canary is in the way of a new deployment")
	j.find(api, s, f)
}

// nextRefused warns of a canary that this change sets up beside a deployment: it
// is the next one that it refuses.
func (j *judge) nextRefused(api *API, s *Stage) {
	if c := s.Canary; c == nil || c.Was || c.Moves {
		return
	}
	j.find(api, s, cause.Finding{
		Cause: cause.StaleCanary, Severity: cause.Warning, Step: 5,
		Statement: fmt.Sprintf(stageMark+" of %s would get a canary (%s of requests): as long as it is there, API Gateway refuses the next deployment.", api.Label(), percentWords(s.Canary.Percent)),
		Evidence:  []string{j.terms.short(s.Address) + ": canary settings are added"}, Remedy: j.terms.canary(api, s),
	})
}

// turnedOff warns of an HTTP API's stage that will deploy by itself no more.
func (j *judge) turnedOff(api *API, s *Stage) {
	if len(api.Edits) > 0 {
		return // the edits that wait say it
	}
	j.find(api, s, cause.Finding{
		Cause: cause.AutoDeployOff, Severity: cause.Warning, Step: 2,
		Statement: fmt.Sprintf("Stage %s of %s would stop to deploy by itself: nothing waits now, and every later edit would.", s.Name, api.Label()),
		Evidence:  []string{j.terms.short(s.Address) + ": automatic deployment is turned off"}, Remedy: j.terms.autoDeploy(api, s),
	})
}

// shift warns of traffic that moves to a new version step by step: intended, and
// two behaviours at once while it lasts.
func (j *judge) shift(api *API, s Shift) {
	would := "Once it is deployed, %s would shift to the new version step by step (%s): until that ends, %s answers from two versions under one deployment."
	if s.Unsure {
		would = "If the code of %s changes, its traffic would shift to the new version step by step (%s): until that ends, %s answers from two versions under one deployment."
	}
	j.find(api, nil, cause.Finding{
		Cause: cause.BackendSplit, Severity: cause.Warning, Step: 6,
		Statement: fmt.Sprintf(would, s.Address, s.How, api.Label()),
		Evidence:  []string{j.terms.short(s.Address) + ": traffic shifts by " + s.How}, Remedy: j.terms.shift(s),
	})
}

// order warns of a deployment that nothing makes wait for an edit.
func (j *judge) order(api *API, s *Stage, d *Deployment) {
	if !d.Ordered || api.New {
		return
	}
	var early []string
	for _, e := range api.Edits {
		if !d.After[e.Address] && !slices.Equal(e.What, []string{"removed"}) && visible([]Edit{e}) {
			early = append(early, e.Address)
		}
	}
	if len(early) == 0 {
		return
	}
	shorter := unique(each(early, j.terms.short))
	j.find(api, s, cause.Finding{
		Cause: cause.StaleDeployment, Severity: cause.Warning, Step: 2,
		Statement: fmt.Sprintf(stageMark+" of %s: the new deployment does not wait for %s: it may be made before the edit, and then hold the old definition.", api.Label(), few(shorter, 3)),
		Evidence:  []string{fmt.Sprintf("%s neither refers to nor depends on %s", j.terms.short(d.Address), few(shorter, 6))}, Remedy: j.terms.wait(d, unique(early)),
	})
}

// late tells of routes that a tool removes only after it has made the new
// deployment.
func (j *judge) late(api *API) {
	if j.terms.removesLate == "" || len(api.made()) == 0 {
		return
	}
	var gone []string
	for _, e := range api.Edits {
		if slices.Equal(e.What, []string{"removed"}) && visible([]Edit{e}) {
			gone = append(gone, e.Subject)
		}
	}
	if len(gone) > 0 {
		j.Notes = append(j.Notes, fmt.Sprintf("%s of %s: %s. Look again after the deploy; another deployment would take it out.", few(unique(gone), 3), api.Label(), j.terms.removesLate))
	}
}
