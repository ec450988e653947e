package predeploy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// changeSet is `aws cloudformation describe-change-set`.
type changeSet struct {
	ChangeSetName, StackName string
	NextToken                string
	Changes                  []struct {
		ResourceChange setChange
	}
}

type setChange struct {
	Action, LogicalResourceID, PhysicalResourceID, ResourceType, Replacement string
	BeforeContext, AfterContext                                              string
	Details                                                                  []struct {
		Evaluation, ChangeSource, CausingEntity string
		Target                                  struct{ Attribute, Name, BeforeValue, AfterValue string }
	}
}

func isChangeSet(doc map[string]any) bool {
	list, ok := doc["Changes"].([]any)
	return ok && (len(list) == 0 || object(object(list[0])["ResourceChange"]) != nil || doc["ChangeSetName"] != nil)
}

func readChangeSet(files []File) (*changes, error) {
	var set changeSet
	if err := json.Unmarshal(files[0].Data, &set); err != nil {
		return nil, fmt.Errorf("%s: not the answer of describe-change-set: %w", files[0].Name, err)
	}
	c := &changes{tool: CloudFormation, partial: true}
	if set.StackName != "" {
		c.unnamed = "the API of stack " + set.StackName
	}
	if set.NextToken != "" {
		c.open = append(c.open, "the change set goes on after these changes (NextToken): fetch all of it, as the AWS CLI does without --no-paginate")
	}
	physical := map[string]string{}
	for i := range set.Changes {
		ch := &set.Changes[i].ResourceChange
		if ch.PhysicalResourceID != "" {
			physical[ch.PhysicalResourceID] = ch.LogicalResourceID
		}
		if r := ch.resource(); r != nil {
			c.resources = append(c.resources, r)
			if serverlessDeployment.MatchString(r.address) {
				c.tool = Serverless
			}
		}
		if ch.ResourceType == "AWS::CloudFormation::Stack" {
			c.open = append(c.open, "nested stack "+ch.LogicalResourceID+" changes: read its own change set, too (describe-change-set names it)")
		}
	}
	c.refer = func(r *resource, property string, after bool) string {
		v := referIntrinsic(r, property, after)
		if id := physical[v]; id != "" {
			return id
		}
		if strings.Contains(v, "{{changeSet:") || v == unsaid {
			return ""
		}
		return v
	}
	leadStages(c, "deploymentid")
	return c, nil
}

// unsaid stands for the new value of a property where the change set was made
// without values.
const unsaid = "(changes)"

// context reads the properties of a change set made with
// --include-property-values; without them there are none.
func context(text string) map[string]any {
	var doc struct{ Properties map[string]any }
	if json.Unmarshal([]byte(text), &doc) != nil || doc.Properties == nil {
		return map[string]any{}
	}
	return doc.Properties
}

// leadStages leads a stage whose new deployment is not named to the only one
// that is made.
func leadStages(c *changes, property string) {
	made := filter(c.resources, func(r *resource) bool { return r.is("deployment") && (r.created() || r.replaced) })
	for _, r := range c.resources {
		if r.is("stage") && r.after != nil && len(made) == 1 {
			if now := c.refer(r, property, true); !same(r.before[property], r.after[property]) && now == "" {
				r.after[property] = made[0].address
				delete(r.unknown, property)
			}
		}
	}
}

// resource is what the change set does to one; nil for what has nothing to do with
// API Gateway.
func (ch *setChange) resource() *resource {
	key := typeKey(ch.ResourceType)
	if _, known := kindOfType[key]; !known {
		return nil
	}
	r := &resource{address: ch.LogicalResourceID, key: key, acted: true, unknown: map[string]bool{}, names: map[string]string{}}
	before, after := context(ch.BeforeContext), context(ch.AfterContext)
	if ch.Action != "Add" {
		r.before = plainProps(before)
	}
	if ch.Action != "Remove" {
		r.after = plainProps(after)
	}
	maps.Copy(r.names, spelling(before, after))
	for _, d := range ch.Details {
		if d.Target.Attribute != "Properties" || d.Target.Name == "" {
			continue
		}
		name := plainName(d.Target.Name)
		r.names[name] = d.Target.Name
		if same(r.before[name], r.after[name]) && r.before != nil && r.after != nil { // the values are left out
			r.before[name], r.after[name] = d.Target.BeforeValue, cmp.Or(d.Target.AfterValue, unsaid)
		}
		if cause, _, _ := strings.Cut(d.CausingEntity, "."); name == "deploymentid" && cause != "" && r.after != nil {
			r.after[name] = cause
		}
		if d.Evaluation == "Dynamic" && d.ChangeSource != "DirectModification" && name != "deploymentid" {
			r.unknown[name] = true
		}
	}
	r.replaced = ch.Action == "Modify" && (ch.Replacement == "True" || ch.Replacement == "Conditional" && r.is("deployment"))
	if r.is("stage") && ch.PhysicalResourceID != "" && r.now().text("stagename") == "" {
		for _, p := range []props{r.before, r.after} {
			if p != nil {
				p["stagename"] = ch.PhysicalResourceID
			}
		}
	}
	if r.isAPI() && ch.PhysicalResourceID != "" && r.before != nil {
		r.before["id"] = ch.PhysicalResourceID
	}
	if ch.Replacement == "Conditional" || ch.Action == "Dynamic" {
		r.condition = "what CloudFormation evaluates while it runs"
	}
	return r
}
