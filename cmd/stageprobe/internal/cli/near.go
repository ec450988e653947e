package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stageprobe/scenarios/near"
)

// didYouMean names what a mistyped name may stand for; "" where nothing is close.
func didYouMean(prefix, name string, all []string) string {
	names := near.Words(name, all)
	if len(names) == 0 {
		return ""
	}
	return "did you mean " + prefix + strings.Join(names, " or "+prefix) + "? "
}

// unknownCommand refuses a command that does not exist.
func unknownCommand(root *cobra.Command, name string) error {
	var all []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			all = append(all, c.Name())
		}
	}
	return hint(fmt.Errorf("there is no command %q", name), "%sstageprobe --help lists the commands", didYouMean("stageprobe ", name, all))
}

// among asks for arguments that are one of a few words.
func among(what string, all ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, a := range args {
			if !slices.Contains(all, a) {
				return hint(fmt.Errorf("there is no %s %q", what, a), "%suse %s", didYouMean("", a, all), strings.Join(all, ", "))
			}
		}
		return nil
	}
}

// flagError says what is wrong with a flag in this program's own words.
func flagError(fs *pflag.FlagSet, command string, err error) error {
	var missing *pflag.NotExistError
	if errors.As(err, &missing) {
		var all []string
		fs.VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
		name := missing.GetSpecifiedName()
		return hint(fmt.Errorf("%s has no flag --%s", command, name), "%s%s --help lists the flags", didYouMean("--", name, all), command)
	}
	return hint(valueError(err), "%s --help lists the flags", command)
}

// valueError is the error of a flag's value; a library's own is replaced by what
// the flag takes.
func valueError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	f := invalid.GetFlag()
	takes := map[string]string{
		"float64": "a number, such as 0.5", "int": "a whole number, such as 500", "uint64": "a whole number, not below 0", "duration": "a length of time, such as 30s, 5m or 2h", "bool": "true or false",
	}[f.Value.Type()]
	if takes == "" {
		return fmt.Errorf("--%s: %w", f.Name, invalid.Unwrap())
	}
	return fmt.Errorf("--%s %s: this takes %s", f.Name, quoted(invalid.GetValue()), takes)
}
