package cli

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"stageprobe/analyze/predeploy"
	"stageprobe/probe/inventory"
)

// accountWait bounds what is read of an account that nobody named: a pipeline
// should not wait long for what it did not ask for.
const accountWait = 30 * time.Second

// account holds a change against the account, where one was named with --api,
// or where credentials and ids are at hand.
func (f *planFlags) account(cmd *cobra.Command, s Streams, change *predeploy.Change) error {
	if len(f.apis) > 0 {
		if err := change.Name(f.apis); err != nil {
			return planError(err)
		}
		return f.hold(cmd.Context(), s, change, f.apis)
	}
	ids := change.IDs()
	if f.offline || len(ids) == 0 || !(f.profile != "" || credentialsAtHand()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), accountWait)
	defer cancel()
	if err := f.hold(ctx, s, change, ids); err != nil {
		if cmd.Context().Err() != nil {
			return exitError(ExitInterrupted)
		}
		change.Notes = append(change.Notes, "The account was not read, so that other people's edits and canaries set by hand are not known: "+firstLine(err)+".")
	}
	return nil
}

// credentialsAtHand tells whether the environment says where credentials are:
// asking the SDK's chain would wait for a metadata service.
func credentialsAtHand() bool {
	return slices.ContainsFunc([]string{
		"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	}, func(name string) bool { return os.Getenv(name) != "" })
}

// hold reads the APIs and adds what the account tells. An account that was asked
// for by name and cannot be read leaves a question open.
func (f *planFlags) hold(ctx context.Context, s Streams, change *predeploy.Change, ids []string) error {
	named := len(f.apis) > 0
	cl, why, err := f.open(ctx, s.secrets, "")
	switch {
	case err != nil:
		return err
	case cl == nil && named && change.Tool == predeploy.OpenAPI:
		return hint(unreadError{why}, "one document is compared with what the API serves: %s, or give a second document", why.Hint())
	case cl == nil && named:
		change.Open = append(change.Open, why.Error()+", so that what waits there is not known")
		return nil
	case cl == nil:
		return why
	}
	if !f.quiet {
		p := newProgress(s.Err, time.Now)
		defer p.done()
		cl.inv.Progress = p.update
	}
	snap, err := cl.inv.Read(ctx, inventory.Selection{APIs: ids, Depth: inventory.Full})
	if ctx.Err() != nil && named {
		return exitError(ExitInterrupted)
	}
	var missing *inventory.UnreadError
	if errors.As(err, &missing) && named && change.Tool != predeploy.OpenAPI {
		change.Open = append(change.Open, missing.Error()+", so that what waits there is not known")
		return nil
	}
	if errors.As(err, &missing) {
		return unread(missing)
	}
	if err != nil {
		return err
	}
	if named {
		if err := noSuchAPI(ctx, cl, &snap, ids); err != nil {
			return err
		}
	}
	if len(snap.APIs) == 0 {
		return inventory.Unread(&snap, "API "+ids[0])
	}
	change.Hold(&snap)
	return nil
}

func planError(err error) error {
	var h *predeploy.HintError
	if errors.As(err, &h) {
		return hint(err, "%s", h.Hint)
	}
	return err
}
