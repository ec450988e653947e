package inventory

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// The service grows before the SDK does: members of its answers that the SDK's
// types do not have are kept as JSON, so that a difference in them is not taken
// for equality.

// knows are the members that a type of the SDK reads, as the wire spells them.
func knows(of any) map[string]bool {
	t := reflect.TypeOf(of)
	out := map[string]bool{"_links": true, "_embedded": true} // hypertext around an answer
	for i := range t.NumField() {
		name := t.Field(i).Name
		out[strings.ToLower(name[:1])+name[1:]] = true
	}
	return out
}

// unknownIn are the members of an object that are not known, as canonical JSON.
func unknownIn(o map[string]json.RawMessage, known map[string]bool) map[string]string {
	var out map[string]string
	for name, raw := range o {
		var v any
		if known[name] || strings.HasPrefix(name, "_") || json.Unmarshal(raw, &v) != nil || v == nil {
			continue
		}
		set(&out, name, toJSON(v))
	}
	return out
}

// whole are the unknown members of an answer that is one object.
func (r *rawBody) whole(of any) map[string]string {
	var o map[string]json.RawMessage
	if json.Unmarshal(r.body, &o) != nil {
		return nil // the SDK reports what is wrong with the answer
	}
	return unknownIn(o, knows(of))
}

// items are the unknown members of each object of a collection, in its order.
func (r *rawBody) items(collection string, of any) []map[string]string {
	var whole map[string]json.RawMessage
	if json.Unmarshal(r.body, &whole) != nil {
		return nil
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(whole[collection], &list) != nil {
		return nil
	}
	known := knows(of)
	out := make([]map[string]string, len(list))
	for i, item := range list {
		out[i] = unknownIn(item, known)
	}
	return out
}

// integrations puts the unknown members of the methods' integrations into other, by
// route.
func (r *rawBody) integrations(other map[string]map[string]string) {
	var answer struct {
		Item []struct {
			Path            string `json:"path"`
			ResourceMethods map[string]struct {
				MethodIntegration map[string]json.RawMessage `json:"methodIntegration"`
			} `json:"resourceMethods"`
		} `json:"item"`
	}
	if json.Unmarshal(r.body, &answer) != nil {
		return
	}
	known := knows(types.Integration{})
	for _, res := range answer.Item {
		for method, m := range res.ResourceMethods {
			if u := unknownIn(m.MethodIntegration, known); u != nil {
				other[method+" "+res.Path] = u
			}
		}
	}
}

// at is the i-th of a list that may be shorter.
func at(list []map[string]string, i int) map[string]string {
	if i >= len(list) {
		return nil
	}
	return list[i]
}

// aligned makes a page's list as long as the page, so that pages can be joined.
func aligned(list []map[string]string, n int) []map[string]string {
	out := make([]map[string]string, n)
	copy(out, list)
	return out
}

// What an export's extensions hold that is read into fields of its own, or says
// nothing of an answer.
var (
	authorizerMembers = []string{
		"type", "authorizerUri", "identitySource", "identityValidationExpression", "providerARNs", "authorizerCredentials",
		"authorizerPayloadFormatVersion", "enableSimpleResponses", "authorizerResultTtlInSeconds", "jwtConfiguration",
	}
	integrationMembers = []string{
		"type", "httpMethod", "uri", "credentials", "connectionType", "connectionId", "passthroughBehavior", "contentHandling",
		"payloadFormatVersion", "integrationSubtype", "requestParameters", "requestTemplates", "cacheKeyParameters", "cacheNamespace",
		"responseTransferMode", "integrationTarget", "tlsConfig", "timeoutInMillis", "responses", "responseParameters", "$ref",
	}
)

// beyond are the members of an extension that are not read.
func beyond(o object, read []string) map[string]string {
	var out map[string]string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(read, name) && o[name] != nil {
			set(&out, name, toJSON(o[name]))
		}
	}
	return out
}
