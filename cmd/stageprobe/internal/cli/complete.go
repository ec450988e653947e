package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/probe/redact"
	"stageprobe/scenarios"
)

// completeValues completes the flags of all commands that have but a few values.
func completeValues(root *cobra.Command) {
	values := map[string][]string{
		"compare":   {"/version", "content-encoding", "cache-control", "x-cache"},
		"format":    formats(),
		"ignore":    {"/", "etag", "set-cookie", "server-timing"},
		"logs":      {"auto", "off", "require"},
		"fail-on":   {"error", "warning", "info"},
		"http":      {"1.1", "2"},
		"require":   {"config", "logs"},
		"kind":      scenarios.Kinds(),
		"partition": {"aws", "aws-cn", "aws-us-gov"},
	}
	for _, cmd := range root.Commands() {
		for flag, words := range values {
			if cmd.Flags().Lookup(flag) != nil {
				_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
			}
		}
	}
}

// completeTargets completes API ids, stages and domains from the account, as
// far as credentials allow; completion never says why it has nothing to offer.
func completeTargets(cmd *cobra.Command, f *awsFlags, apis *[]string) {
	for flag, pick := range map[string]func(probe.Snapshot) []string{"api": apiIDs, "stage": stageNames, "domain": domainNames} {
		if cmd.Flags().Lookup(flag) == nil {
			continue
		}
		_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			cl, _, err := f.open(cmd.Context(), &redact.Redactor{}, "")
			if err != nil || cl == nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			// For a further --api every one is offered, else those of the named.
			named := *apis
			if flag == "api" {
				named = nil
			}
			snap, _ := cl.inv.Read(cmd.Context(), inventory.Selection{APIs: named, All: len(named) == 0})
			return pick(snap), cobra.ShellCompDirectiveNoFileComp
		})
	}
}

func apiIDs(snap probe.Snapshot) []string {
	var out []string
	for _, a := range snap.APIs {
		out = append(out, a.ID+"\t"+cmp.Or(a.Name, string(a.Kind)))
	}
	return out
}

func stageNames(snap probe.Snapshot) []string {
	var out []string
	for _, a := range snap.APIs {
		for _, st := range a.Stages {
			out = append(out, st.Name+"\t"+a.ID)
		}
	}
	return out
}

func domainNames(snap probe.Snapshot) []string {
	var out []string
	for _, d := range snap.Domains {
		out = append(out, d.Name)
	}
	return out
}
