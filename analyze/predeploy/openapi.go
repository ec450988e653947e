package predeploy

import (
	"fmt"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
)

func isOpenAPI(doc map[string]any) bool {
	return (doc["openapi"] != nil || doc["swagger"] != nil) && object(doc["paths"]) != nil
}

// documentKind tells for which type of API a document was written, by the
// extensions that only HTTP APIs have.
func documentKind(doc map[string]any) probe.APIKind {
	if doc["x-amazon-apigateway-importexport-version"] != nil || doc["x-amazon-apigateway-cors"] != nil || object(doc["paths"])["/$default"] != nil {
		return probe.HTTP
	}
	return probe.REST
}

// readDocuments compares two OpenAPI documents. They hold neither deployments
// nor stages.
func readDocuments(files []File) (*Change, error) {
	kind := documentKind(object(files[1].doc))
	var sides [2]*probe.Definition
	for i := range files {
		def, err := bodyDefinition(files[i].doc, kind)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[i].Name, err)
		}
		sides[i] = def
	}
	info := object(object(files[1].doc)["info"])
	api := &API{Address: files[1].Name, Name: textOf(info["title"]), Kind: kind, Outside: true}
	var uncompared []string
	api.Differs, uncompared = diff.Definitions(sides[1], sides[0])
	api.Edits = bodyEdits(api.Address, api.Differs)
	out := &Change{Tool: OpenAPI, APIs: []*API{api}}
	out.Notes = each(uncompared, func(u string) string { return "Not compared: " + u + "." })
	return out, nil
}

// bodyEdits are the differences of two whole definitions as edits.
func bodyEdits(address string, differs []diff.Difference) []Edit {
	return each(differs, func(d diff.Difference) Edit {
		return Edit{Kind: "body", Address: address, Subject: d.Subject, What: []string{d.Aspect}}
	})
}

// readDocument reads one document, to be held against an account.
func readDocument(f *File) (*Change, error) {
	kind := documentKind(object(f.doc))
	def, err := bodyDefinition(f.doc, kind)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	info := object(object(f.doc)["info"])
	api := &API{Address: f.Name, Name: textOf(info["title"]), Kind: kind, Outside: true, Wanted: def}
	return &Change{Tool: OpenAPI, APIs: []*API{api}}, nil
}
