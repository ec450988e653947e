package cli

import (
	"fmt"
	"strings"

	"stageprobe/probe/address"
	"stageprobe/probe/redact"
)

// namesFlag takes names of things of one kind, with commas or one after another. What
// is of another kind, such as a URL where an id is wanted, is refused before anything
// is read: it would be looked for, and said not to exist.
type namesFlag struct {
	all  *[]string
	read func(string) (string, error)
}

// Set adds names.
func (f *namesFlag) Set(v string) error {
	for one := range strings.SplitSeq(v, ",") {
		if err := f.Append(one); err != nil {
			return err
		}
	}
	return nil
}

// Append adds one name.
func (f *namesFlag) Append(v string) error {
	if v = strings.TrimSpace(v); v == "" {
		return nil
	}
	name, err := f.read(v)
	if err == nil {
		*f.all = append(*f.all, name)
	}
	return err
}

// Replace takes the names in place of those before.
func (f *namesFlag) Replace(list []string) error {
	*f.all = nil
	return f.Set(strings.Join(list, ","))
}

// GetSlice are the names so far.
func (f *namesFlag) GetSlice() []string { return *f.all }

// Type names the flag's values in help texts.
func (f *namesFlag) Type() string { return "strings" }

func (f *namesFlag) String() string {
	if f.all == nil {
		return ""
	}
	return strings.Join(*f.all, ",")
}

// listFlag is a namesFlag that tells the first name apart.
type listFlag struct {
	first *string
	names namesFlag
}

// Set adds names.
func (f *listFlag) Set(v string) error {
	err := f.names.Set(v)
	*f.first = ""
	if list := f.names.GetSlice(); len(list) > 0 {
		*f.first = list[0]
	}
	return err
}

// Type names the flag's values in help texts.
func (f *listFlag) Type() string { return "string" }

func (f *listFlag) String() string { return f.names.String() }

func anyName(v string) (string, error) { return v, nil }

// apiID reads the value of --api.
func apiID(v string) (string, error) {
	a, err := address.ParseURL(v)
	shown := redact.MaskURL(v)
	id, stage, path := strings.Cut(v, "/")
	switch {
	case strings.HasPrefix(v, "arn:"):
		return "", hint(fmt.Errorf("%s is an ARN, and this takes the id of an API", v), "write --api %s", arnPart(v, "restapis", "apis"))
	case err == nil && a.APIID != "":
		return "", hint(fmt.Errorf("%s is a URL, and this takes the id of an API", shown), "write --api %s, or give the URL as it is: stageprobe check %s", a.APIID, shown)
	case strings.Contains(v, "://"):
		return "", hint(fmt.Errorf("%s is a URL, and this takes the id of an API", shown), "give the URL as it is: stageprobe check %s", shown)
	case path && id != "" && err != nil:
		return "", hint(fmt.Errorf("%s is no id of an API", v), "write --api %s --stage %s", id, stage)
	case path:
		return "", hint(fmt.Errorf("%s is no id of an API", v), "such as --api abc123, the first part of its invoke URL; a custom domain is named with --domain")
	}
	return v, nil
}

// arnPart is what stands behind one of some words in an ARN, such as the id of an API.
func arnPart(arn string, after ...string) string {
	for _, word := range after {
		if _, rest, ok := strings.Cut(arn, "/"+word+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			return name
		}
	}
	return "its name alone"
}

// stageName reads the value of --stage.
func stageName(v string) (string, error) {
	a, err := address.ParseURL(v)
	isURL := err == nil && (strings.Contains(v, "://") || a.APIID != "")
	parts := strings.FieldsFunc(v, func(r rune) bool { return r == '/' })
	switch {
	case strings.HasPrefix(v, "arn:"):
		return "", hint(fmt.Errorf("%s is an ARN, and this takes the name of a stage", v), "write --stage %s", arnPart(v, "stages"))
	case isURL && (a.Stage != "" || a.First != ""):
		name := a.Stage
		if name == "" {
			name = a.First
		}
		return "", hint(fmt.Errorf("%s is a URL, and this takes the name of a stage", redact.MaskURL(v)), "write --stage %s", name)
	case isURL:
		return "", hint(fmt.Errorf("%s is a URL, and this takes the name of a stage", redact.MaskURL(v)), "such as --stage prod")
	case strings.Contains(v, "/") && len(parts) == 1:
		return "", hint(fmt.Errorf("%s is a path, and this takes the name of a stage", v), "write --stage %s", parts[0])
	case strings.ContainsAny(v, "/:"):
		return "", hint(fmt.Errorf("%s is no name of a stage", v), "such as --stage prod; the API is named with --api, and a path is part of a URL or of a scenario file")
	}
	return v, nil
}

// customDomain reads the value of --domain: a host, perhaps with a base path.
func customDomain(v string) (string, error) {
	name, base := splitDomain(v)
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	name, port, _ := strings.Cut(name, ":")
	shown := redact.MaskURL(v)
	switch a, err := address.ParseURL(name); {
	case strings.ContainsAny(v, "?#"):
		return "", hint(fmt.Errorf("%s is a URL with a query, and this takes the name of a domain", shown), "write --domain %s, or give the URL as it is: stageprobe check %s", name, shown)
	case err == nil && a.Kind == address.AddressRegional:
		return "", hint(fmt.Errorf("%s is the address that a custom domain leads to, and this takes the domain's own name", name), "such as --domain api.example.com; stageprobe inspect --all lists the domains")
	case err == nil && a.Kind != address.AddressCustom && a.Kind != address.AddressEmulator:
		return "", hint(fmt.Errorf("%s is an address of API Gateway, and this takes a custom domain", name), "give the URL as it is: stageprobe check %s", shown)
	case port != "" && port != "443":
		return "", hint(fmt.Errorf("%s names port %s, and a custom domain answers on 443", shown, port), "write --domain %s --connect-to %s:443=HOST:%s", name, name, port)
	}
	if base != "" {
		name += "/" + base
	}
	return name, nil
}

// domainAlone reads a --domain whose base path does not matter.
func domainAlone(v string) (string, error) {
	v, err := customDomain(v)
	name, _ := splitDomain(v)
	return name, err
}

// roleARN reads the value of --role-arn.
func roleARN(v string) (string, error) {
	if !strings.HasPrefix(v, "arn:") || !strings.Contains(v, ":role/") {
		return "", hint(fmt.Errorf("%s is no ARN of a role", v), "such as --role-arn arn:aws:iam::123456789012:role/reader")
	}
	return v, nil
}

// regionName reads the value of --region.
func regionName(v string) (string, error) {
	if problem, instead := address.NoRegion(v); problem != "" {
		return "", hint(fmt.Errorf("%s %s", v, problem), "%s", "such as --region "+instead)
	}
	return v, nil
}
