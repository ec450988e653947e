package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
)

// noSuchAPI refuses the first of the named APIs that could not be read, with why;
// of one that is not there, with the nearest ids.
func noSuchAPI(ctx context.Context, cl *cloud, snap *probe.Snapshot, ids []string) error {
	for _, id := range ids {
		if snap.API(id) != nil {
			continue
		}
		if ctx.Err() != nil {
			return exitError(ExitInterrupted) // it was not looked for to the end
		}
		e := inventory.Unread(snap, "API "+id)
		if e.Reason != inventory.Absent {
			return unread(e)
		}
		all, names := []string{}, map[string]string{}
		if cl != nil {
			for _, a := range cl.inv.Names(ctx) {
				all, names[a.ID] = append(all, a.ID), a.Name
			}
		}
		domain := ""
		if strings.Contains(id, ".") {
			domain = "; a custom domain is named with --domain"
		}
		return hint(unreadError{e}, "%s%s%s", orElse(didYouMean("", id, all), existing("the APIs there are ", all, names)), e.Hint(), domain)
	}
	return nil
}

// existing names a few of what there is.
func existing(before string, all []string, names map[string]string) string {
	if len(all) == 0 {
		return ""
	}
	var some []string
	for _, x := range all[:min(len(all), 4)] {
		if names[x] != "" {
			x += " (" + names[x] + ")"
		}
		some = append(some, x)
	}
	if more := len(all) - len(some); more > 0 {
		some = append(some, fmt.Sprintf("%d more", more))
	}
	return before + strings.Join(some, ", ") + "; "
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// noSuchDomain says why nothing is known of a custom domain.
func noSuchDomain(ctx context.Context, cl *cloud, snap *probe.Snapshot, name string) error {
	if ctx.Err() != nil {
		return exitError(ExitInterrupted)
	}
	e := inventory.Unread(snap, "domain "+name)
	if e.Reason != inventory.Absent {
		return unread(e)
	}
	var all []string
	if cl != nil {
		found, _ := cl.inv.Read(ctx, inventory.Selection{All: true, Depth: inventory.Light})
		all = domainNames(found)
	}
	api := ""
	if !strings.Contains(name, ".") {
		api = "; an API is named with --api"
	}
	return hint(unreadError{e}, "%s%s", orElse(didYouMean("", name, all), existing("the domains there are ", all, nil)), "check the name, --region and --profile"+api)
}

// noSuchStage refuses a stage that none of the named APIs has, as far as their
// stages could be read.
func noSuchStage(snap *probe.Snapshot, stages []string, apis []address.APISelection) error {
	for _, name := range stages {
		var all []string
		known := len(apis) > 0
		for _, sel := range apis {
			api := snap.API(sel.ID)
			if api == nil || unreadStages(snap, sel.ID) {
				known = false
				break
			}
			for i := range api.Stages {
				all = append(all, api.Stages[i].Name)
			}
		}
		if !known || len(all) == 0 || slices.Contains(all, name) {
			continue
		}
		of := "API " + apis[0].ID + " has no stage"
		if len(apis) > 1 {
			of = "none of the named APIs has a stage"
		}
		slices.Sort(all)
		all = slices.Compact(all)
		return hint(fmt.Errorf("--stage %s: %s of this name", name, of), "%sstageprobe inspect --api %s shows them",
			orElse(didYouMean("", name, all), existing("the stages there are ", all, nil)), apis[0].ID)
	}
	return nil
}

func unreadStages(snap *probe.Snapshot, api string) bool {
	return slices.ContainsFunc(snap.Gaps, func(g probe.Gap) bool {
		return g.Operation == "GetStages" && strings.Contains(g.Subject, api)
	})
}

// mustExist refuses what a check names and is not there: an API, a stage. A pasted
// URL is probed whatever it names.
func (s *subject) mustExist(ctx context.Context, stages []string) error {
	if s.cloud == nil || s.unread != nil {
		return nil
	}
	var named []address.APISelection
	for _, sel := range s.selection.APIs {
		if sel.ID == "" {
			continue
		}
		named = append(named, sel)
		err := noSuchAPI(ctx, s.cloud, &s.snap, []string{sel.ID})
		var e unreadError
		if errors.As(err, &e) && e.Reason == inventory.Absent {
			return err
		}
		if len(stages) == 0 && len(sel.Stages) > 0 {
			if err := noSuchStage(&s.snap, sel.Stages, []address.APISelection{sel}); err != nil {
				return err
			}
		}
	}
	return noSuchStage(&s.snap, stages, named)
}
