package predeploy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// File is one input.
type File struct {
	Name string
	Data []byte

	doc any
}

// HintError is an error with what to try next.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return e.Err.Error() }
func (e *HintError) Unwrap() error { return e.Err }

func hinted(hint, format string, args ...any) error {
	return &HintError{Err: fmt.Errorf(format, args...), Hint: hint}
}

// Reader is one kind of file that a change can be read from.
type Reader struct {
	Kind  string // for --kind
	What  string // in words
	Sides int    // files: 1 for a plan, 2 for deployed and new
	// is tells the kind by the top level of a document.
	is   func(doc map[string]any) bool
	read func(files []File) (*Change, error)
}

// Readers is the table of what can be read. The first that knows a file wins.
var Readers = []Reader{
	{"terraform", "a Terraform or OpenTofu plan (terraform show -json)", 1, isTerraformDoc, assembled(readTerraform)},
	{"pulumi", "a Pulumi preview (pulumi preview --json)", 1, isPulumi, assembled(readPulumi)},
	{"changeset", "a CloudFormation change set (describe-change-set)", 1, isChangeSet, assembled(readChangeSet)},
	{"cloudformation", "CloudFormation templates, also of CDK, SAM and Serverless", 2, isTemplate, assembled(readTemplates)},
	{"openapi", "OpenAPI documents", 2, isOpenAPI, readDocuments},
}

func assembled(read func([]File) (*changes, error)) func([]File) (*Change, error) {
	return func(files []File) (*Change, error) {
		c, err := read(files)
		if err != nil {
			return nil, err
		}
		return assemble(c), nil
	}
}

// Kinds are the names of [Readers].
func Kinds() []string { return each(Readers, func(r Reader) string { return r.Kind }) }

// Options say how files are read.
type Options struct {
	Kind string // one of Kinds; "" tells it by the content
	// Alone lets one OpenAPI document stand without the deployed one: it is
	// compared with the account instead.
	Alone bool
}

// Read reads a change from one plan, or from two files: the deployed one first,
// the new one second. What it refuses is wrong use: the error says what was
// tried.
func Read(files []File, o Options) (*Change, error) {
	if len(files) == 0 {
		return nil, errors.New("no file is named")
	}
	var reader *Reader
	for i := range files {
		r, err := recognise(&files[i], o.Kind)
		if err != nil {
			return nil, err
		}
		if reader != nil && reader.Kind != r.Kind {
			return nil, hinted("give two of one kind: the deployed one first, the new one second", "%s is %s, and %s is %s", files[0].Name, reader.What, files[i].Name, r.What)
		}
		reader = r
	}
	switch {
	case len(files) == reader.Sides:
		return reader.read(files)
	case reader.Sides == 2 && len(files) == 1 && reader.Kind == "openapi" && o.Alone:
		return readDocument(&files[0])
	case reader.Sides == 2 && len(files) == 1:
		return nil, hinted(otherSide(reader.Kind), "%s alone does not tell what changes: give the deployed one first and the new one second", files[0].Name)
	case reader.Sides == 1:
		return nil, hinted("give one file a run", "%d files, and %s is whole by itself", len(files), reader.What)
	}
	return nil, hinted("give the deployed one first and the new one second", "%d files, and two are compared", len(files))
}

func otherSide(kind string) string {
	if kind == "openapi" {
		return "stageprobe plan DEPLOYED NEW, or name the API that serves it with --api (needs credentials); aws apigateway get-export writes what is deployed"
	}
	return "stageprobe plan DEPLOYED NEW; aws cloudformation get-template --stack-name STACK writes what is deployed"
}

func recognise(f *File, kind string) (*Reader, error) {
	f.Data = utf8Of(f.Data)
	if err := telling(f); err != nil {
		return nil, err
	}
	doc, err := decode(f.Data)
	if err != nil {
		return nil, hinted(whatIsRead(), "%s: neither JSON nor YAML: %w", f.Name, err)
	}
	f.doc = doc
	top := object(doc)
	i := slices.IndexFunc(Readers, func(r Reader) bool { return (kind == "" || r.Kind == kind) && r.is(top) })
	if i >= 0 {
		return &Readers[i], nil
	}
	for _, n := range nearMisses {
		if n.is(top) {
			return nil, hinted(n.hint, "%s: this is %s", f.Name, n.what)
		}
	}
	if i := slices.IndexFunc(Readers, func(r Reader) bool { return r.Kind == kind }); i >= 0 {
		return nil, hinted("leave --kind out to have it told by the content", "%s: this is not %s", f.Name, Readers[i].What)
	}
	return nil, hinted(whatIsRead(), "%s: it cannot be told what this is; tried were %s", f.Name, strings.Join(Kinds(), ", "))
}

func whatIsRead() string {
	return "what can be read: " + strings.Join(each(Readers, func(r Reader) string { return r.What }), "; ")
}

// telling knows files by their first bytes that are no document at all.
func telling(f *File) error {
	const show = "terraform show -json plan.out > plan.json writes what is read here"
	text := bytes.TrimSpace(f.Data)
	switch {
	case bytes.HasPrefix(f.Data, []byte("PK\x03\x04")):
		return hinted(show, "%s: this is a plan in Terraform's own binary form, or another archive", f.Name)
	case bytes.HasPrefix(text, []byte(`{"@level"`)):
		return hinted(show, "%s: these are the log lines of terraform plan -json", f.Name)
	case strings.HasSuffix(f.Name, ".tf"):
		return hinted("terraform plan -out plan.out, then "+show, "%s: a configuration does not tell what changes", f.Name)
	}
	return nil
}

// nearMisses are files that one could take for what is read here.
var nearMisses = []struct {
	is   func(map[string]any) bool
	what string
	hint string
}{
	{func(d map[string]any) bool { return d["format_version"] != nil && d["values"] != nil }, "a Terraform state, not a plan",
		"terraform plan -out plan.out, then terraform show -json plan.out > plan.json"},
	{func(d map[string]any) bool { return d["terraform_version"] != nil && d["lineage"] != nil }, "a Terraform state file, not a plan",
		"terraform plan -out plan.out, then terraform show -json plan.out > plan.json"},
	{func(d map[string]any) bool { return d["service"] != nil && d["provider"] != nil }, "a serverless.yml, before it is compiled",
		"serverless package writes .serverless/cloudformation-template-update-stack.json; compare the deployed one with it"},
	{func(d map[string]any) bool { return d["deployment"] != nil && d["version"] != nil }, "an exported Pulumi stack, not a preview",
		"pulumi preview --json --show-sames > preview.json"},
}

func isTerraformDoc(doc map[string]any) bool {
	return doc["format_version"] != nil && (doc["resource_changes"] != nil || doc["planned_values"] != nil)
}
