package predeploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// IDs are the ids of the APIs that the files name.
func (c *Change) IDs() []string {
	var out []string
	for _, api := range c.APIs {
		if api.ID != "" && !api.Removed {
			out = append(out, api.ID)
		}
	}
	return unique(out)
}

// Name says which API of the account the change is about. An id that the files
// hold needs nothing; any other is that of the only API without one.
func (c *Change) Name(ids []string) error {
	for _, id := range ids {
		if slices.Contains(c.IDs(), id) {
			continue
		}
		var nameless []*API
		for _, api := range c.APIs {
			if api.ID == "" && !api.New && !api.Removed {
				nameless = append(nameless, api)
			}
		}
		if len(nameless) != 1 || len(ids) != 1 {
			known := each(c.APIs, (*API).Label)
			return hinted("leave --api out, or name an API that the files hold", "--api %s: which of the files' APIs that is cannot be told; they hold %s", id, cmp.Or(few(known, 6), "none"))
		}
		nameless[0].ID = id
	}
	return nil
}

// Hold adds to the change what the account tells of its APIs: stages that the
// files leave out, canaries that were set by hand, edits that wait.
func (c *Change) Hold(snap *probe.Snapshot) {
	for _, api := range c.APIs {
		live := snap.API(api.ID)
		if api.ID == "" || live == nil {
			continue
		}
		api.account = live
		api.trail = snap.Edits
		api.hold(live)
		for _, g := range snap.Gaps {
			if g.APIID == api.ID {
				c.Notes = append(c.Notes, fmt.Sprintf("%s of %s: %s; %s.", g.Operation, g.Subject, g.Err, g.Costs))
			}
		}
	}
}

func (a *API) hold(live *probe.API) {
	if a.Name == "" {
		a.Name = live.Name
	}
	if a.Wanted != nil {
		a.against(live)
	}
	for i := range live.Stages {
		st := &live.Stages[i]
		s := a.stage(st.Name)
		switch {
		// What an HTTP API's stage does by itself needs no file to tell.
		case s == nil && live.Kind == probe.HTTP:
			a.Stages = append(a.Stages, &Stage{Address: st.Name, Name: st.Name, Leads: st.DeploymentID, AutoDeploy: st.AutoDeploy, AutoDeployWas: st.AutoDeploy})
		case s == nil || s.New:
		case st.Canary == nil:
			s.Canary = nil // it is there no more, whatever the files say
		case s.Canary == nil && !s.CanaryGoes:
			s.Canary = &Canary{Percent: st.Canary.Percent, Leads: st.Canary.DeploymentID, Was: true, ByHand: true}
		}
	}
}

// against compares a whole definition with what the first stage serves, or else
// with the editor.
func (a *API) against(live *probe.API) {
	a.Kind = live.Kind
	served := live.Editor
	for i := range live.Stages {
		if live.Stages[i].Deployed != nil {
			served = live.Stages[i].Deployed
			break
		}
	}
	var uncompared []string
	a.Differs, uncompared = diff.Definitions(a.Wanted, served)
	a.Edits = append(a.Edits, bodyEdits(a.Address, a.Differs)...)
	if served == nil {
		a.Doubts = append(a.Doubts, "what "+a.ID+" serves could not be read: "+strings.Join(uncompared, "; "))
	}
}

// waiting finds the edits of others that a stage would take along, since a
// deployment takes everything in the editor.
func (j *judge) waiting(api *API, s *Stage) {
	if api.account == nil {
		return
	}
	diffs, _ := diff.Undeployed(api.account, api.account.Stage(s.Name))
	mine := map[string]bool{}
	for _, e := range api.Edits {
		mine[e.Subject] = true
	}
	var subjects, evidence []string
	for _, d := range diffs {
		if d.Cosmetic || mine[d.Subject] {
			continue
		}
		subjects = append(subjects, d.Subject)
		evidence = append(evidence, fmt.Sprintf("waits already: %s %s: now %s; then %s", d.Subject, d.Aspect, d.Before, d.After))
	}
	if len(subjects) == 0 {
		return
	}
	who := ""
	if e := analyze.LastEdit(api.trail, api.ID); e != nil {
		who = fmt.Sprintf(" The last edit, %s by %s, was made on %s.", e.Event, cmp.Or(e.Who, "somebody unknown"), words.Day(e.At))
	}
	n := unique(subjects)
	verb := "waits in the editor and would go live with this change, too"
	if len(n) > 1 {
		verb = "wait in the editor and would go live with this change, too"
	}
	j.find(api, s, cause.Finding{
		Cause: cause.StaleDeployment, Severity: cause.Warning, Step: 3,
		Statement: fmt.Sprintf("%s of somebody else %s, on stage %s of %s: %s.%s", words.Plural(len(n), "edit"), verb, s.Name, api.Label(), few(n, 4), who),
		Evidence:  evidence,
		Remedy: []cause.Remedy{{
			Text: "Look at what waits before you deploy: stageprobe inspect --api " + api.ID + " lists it. Undo in the editor what must not go live.", Diagnoses: true,
		}},
	})
}

// behind tells of stages of the account that the change leaves where they are.
func (j *judge) behind(api *API) {
	if api.account == nil || len(api.Edits) == 0 || api.Kind == probe.HTTP {
		return
	}
	var names []string
	for _, st := range api.account.Stages {
		if api.stage(st.Name) == nil {
			names = append(names, fmt.Sprintf("%s (deployment %s)", st.Name, cmp.Or(st.DeploymentID, "none")))
		}
	}
	if len(names) > 0 {
		j.Notes = append(j.Notes, fmt.Sprintf("Of %s the change leaves where they are: stage %s.", api.Label(), few(names, 8)))
	}
}
