package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/watch"
	"stageprobe/analyze/words"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
	"stageprobe/probe/logs/fetch"
)

// unreachable is why the configuration is not read where no call was answered.
const unreachable = "AWS cannot be reached"

// configuration asks now and then whether the configuration is as it was, and at
// once where the answers look as if it were not.
func (w *watcher) configuration(ctx context.Context, now time.Time) {
	cl := w.subject.cloud
	turning := w.watch.Turning()
	due := now.Sub(w.polled) >= w.flags.every(reads) || !turning.IsZero() && w.polled.Before(turning) || w.suspicious()
	if cl == nil || !due {
		return
	}
	w.polled = now
	answered := cl.calls.answered.Load()
	within, cancel := context.WithTimeout(ctx, configurationWait)
	defer cancel()
	snap, err := cl.inv.Read(within, w.light())
	var unread *inventory.UnreadError
	switch {
	case ctx.Err() != nil:
		return
	case errors.As(err, &unread) && (unread.Reason == inventory.Expired || unread.Reason == inventory.NotAccepted || unread.Reason == inventory.NoCredentials):
		w.refused(ctx, unread)
		return
	case cl.calls.answered.Load() == answered, unread != nil && unread.Reason == inventory.Unreachable:
		w.blind = unreachable
		return
	case err != nil:
		w.blind = firstLine(err)
		return
	}
	w.accepted()
	if len(watch.Events(&w.subject.snap, &snap)) == 0 {
		w.watch.Read(now)
		return
	}
	w.reconfigure(within)
}

// suspicious tells whether nothing answers while nobody knows yet whose fault that
// is.
func (w *watcher) suspicious() bool {
	since := w.watch.Silent()
	return !since.IsZero() && w.watch.Lost().IsZero() && w.polled.Before(since)
}

// light is the selection that tells whether anything has changed.
func (w *watcher) light() inventory.Selection {
	var want inventory.Selection
	for _, api := range w.subject.snap.APIs {
		want.APIs = append(want.APIs, api.ID)
	}
	for _, d := range w.subject.snap.Domains {
		want.Domains = append(want.Domains, d.Name)
	}
	return want
}

// reconfigure reads the changed configuration wholly, and where it leads.
func (w *watcher) reconfigure(ctx context.Context) {
	fresh := *w.subject
	fresh.notes = nil
	if err := fresh.readConfiguration(ctx); err != nil || fresh.unread != nil || ctx.Err() != nil {
		return // the next reading sees the change as well
	}
	targets, _ := address.Targets(&fresh.snap, fresh.selection) // what is new is not watched
	w.run.flags.meantByStage(&fresh.snap, targets)
	unknownAPI(&fresh.snap, targets)
	w.subject.snap = fresh.snap
	w.watch.Configure(w.now(), fresh.snap, targets)
	w.plan.Targets = w.watch.Targets()
	w.kept.snapshot(&fresh.snap)
}

// refused says once that AWS takes the credentials no more, and looks for others:
// a profile may have been logged in again.
func (w *watcher) refused(ctx context.Context, err *inventory.UnreadError) {
	if w.blind == "" || w.blind == unreachable {
		w.own(analyze.ChangedCredentials, "warning", firstLine(err)+": configuration and logs are not read; probing goes on. To mend it, "+err.Hint())
	}
	w.blind = firstLine(err)
	w.subject.cloud.renew(ctx)
}

func (w *watcher) accepted() {
	if w.blind != "" && w.blind != unreachable { // which the network's return says
		w.own(analyze.ChangedCredentials, "ok", "the configuration is read again")
	}
	w.blind = ""
}

// own announces a change of the watch itself.
func (w *watcher) own(kind analyze.ChangeKind, severity, text string) {
	c := analyze.Change{Kind: kind, Targets: []string{}, At: w.now().UTC(), Noticed: w.now().UTC(), Severity: severity, Statement: text}
	w.watch.Say(c)
	w.announce(c)
}

// network tells a gateway that does not answer from a machine that reaches nothing:
// there AWS does not answer either, or, where AWS is not asked, none of several
// hosts.
func (w *watcher) network(ctx context.Context, now time.Time) {
	silent, lost := w.watch.Silent(), w.watch.Lost()
	names := hosts(w.plan.Targets)
	switch {
	case ctx.Err() != nil:
	case !lost.IsZero() && silent.IsZero():
		w.watch.Regain(now)
		w.own(analyze.ChangedNetwork, "ok", "the network is back: "+words.Some(names, 3)+" can be reached")
	case lost.IsZero() && !silent.IsZero() && (w.subject.cloud != nil && w.blind == unreachable && !w.polled.Before(silent) || w.subject.cloud == nil && len(names) > 1):
		w.watch.Lose(silent)
		w.own(analyze.ChangedNetwork, "warning", fmt.Sprintf("this machine reaches nothing since %s, %s as little as AWS: nothing is said of targets until it does", words.Clock(silent), words.Some(names, 3)))
	}
}

// fetchTime bounds one reading of the logs.
const fetchTime = 30 * time.Second

// logs reads what the logs say of the window's requests.
func (w *watcher) logs(ctx context.Context, now time.Time) {
	if !w.readsLogs() || w.blind != "" || now.Sub(w.logged) < w.flags.every(reads) || ctx.Err() != nil {
		return
	}
	ids, from, useful := w.watch.Wanted(now)
	if !useful || len(ids) == 0 {
		return
	}
	w.logged = now
	if now.Sub(w.fresh) > 2*w.flags.window { // it keeps what it has read
		w.subject.cloud.forget()
		w.fresh = now
	}
	within, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	ev, err := w.subject.cloud.log.Fetch(within, fetch.Request{
		Stages: w.stageLogs(), IDs: ids, From: from.Add(-time.Minute), To: now.Add(time.Minute),
	})
	w.unlogged = err != nil || unreadable(&ev)
	if err != nil && within.Err() == nil {
		return
	}
	ev.ReadAt = now
	w.evidence = &ev
	w.watch.SetEvidence(ev)
}
