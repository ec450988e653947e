package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stageprobe/probe/inventory"
	"stageprobe/probe/logs"
	"stageprobe/scenarios"
)

func newPolicy(s Streams) *cobra.Command {
	var (
		o scenarios.PolicyOptions
		f awsFlags
	)
	cmd := &cobra.Command{
		Use:   "policy [probe|config|logs]",
		Short: "Print the least-privilege IAM policy, in three sizes",
		Example: `  stageprobe policy                       # with configuration and logs
  stageprobe policy config --api abc123 --region eu-west-1
  stageprobe policy logs --access-log-group /aws/apigateway/orders`,
		Long: "policy prints the identity policy with which stageprobe can do its work.\n" +
			"Statements whose Sid begins with Optional make a report tell more; --required\n" +
			"leaves them out. Access logs are granted by group: those of --access-log-group,\n" +
			"and with --api and credentials those that the stages name.",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), among("size of the policy", "probe", "config", "logs")),
		ValidArgs: []string{"probe", "config", "logs"},
		RunE: func(cmd *cobra.Command, args []string) error {
			size := "logs"
			if len(args) > 0 {
				size = args[0]
			}
			if o.Region != "" && o.Region != "*" {
				if _, err := regionName(o.Region); err != nil {
					return err
				}
			}
			f.region = o.Region
			if err := f.accessLogs(cmd.Context(), s, size, &o); err != nil {
				return err
			}
			text, err := scenarios.Policy(size, o)
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&o.Region, "region", "", "`region`; * where left out")
	cmd.Flags().StringVar(&o.Partition, "partition", "", "`partition`: aws, aws-cn or aws-us-gov")
	cmd.Flags().StringVar(&o.Account, "account", "", "account `id`; * where left out")
	cmd.Flags().Var(&namesFlag{&o.APIs, apiID}, "api", "only the API of this `id`; repeatable")
	cmd.Flags().StringArrayVar(&o.AccessLogs, "access-log-group", nil, "`name` or ARN of a log group that holds access logs; repeatable")
	cmd.Flags().BoolVar(&o.Required, "required", false, "leave the optional rights out")
	cmd.Flags().StringVar(&f.profile, "profile", "", "`profile` that reads the stages of --api for their access-log groups")
	cmd.Flags().StringVar(&f.endpoint, "endpoint-url", "", "`url` of all AWS services, as of an emulator")
	completeTargets(cmd, &f, &o.APIs)
	return cmd
}

// accessLogs adds the groups that the stages of the named APIs write their access
// logs to, where credentials are at hand. Without any, or where they may not be
// read, the policy is that of the flags, and says on the error stream what it
// lacks.
func (f *awsFlags) accessLogs(ctx context.Context, s Streams, size string, o *scenarios.PolicyOptions) error {
	if size != "logs" || len(o.AccessLogs) > 0 {
		return nil
	}
	const lacks = "hint: the policy grants no access-log group: %s; --access-log-group names one\n"
	if len(o.APIs) == 0 {
		fmt.Fprintf(s.Err, lacks, "no --api is named")
		return nil
	}
	c, why, err := f.open(ctx, s.secrets, "")
	if err != nil {
		return err
	}
	if c == nil {
		fmt.Fprintf(s.Err, lacks, why)
		return nil
	}
	snap, err := c.inv.Read(ctx, inventory.Selection{APIs: o.APIs, Depth: inventory.Light})
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err != nil {
		fmt.Fprintf(s.Err, lacks, err)
		return nil
	}
	if err := noSuchAPI(ctx, c, &snap, o.APIs); err != nil {
		return err
	}
	for i := range snap.APIs {
		for _, st := range snap.APIs[i].Stages {
			if name, firehose := logs.AccessGroup(st.AccessLog.Destination); name != "" && !firehose && !slices.Contains(o.AccessLogs, name) {
				o.AccessLogs = append(o.AccessLogs, name)
			}
		}
	}
	if len(o.AccessLogs) == 0 {
		fmt.Fprintf(s.Err, lacks, "no stage of "+strings.Join(o.APIs, ", ")+" that could be read writes an access log to a group")
	}
	return nil
}
