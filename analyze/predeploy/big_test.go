package predeploy

import (
	"encoding/json"
	"fmt"
	"testing"
)

// bigPlan is a plan of n resources: an API of n/3 paths, each with a method and
// an integration, of which one in ten is edited, and no new deployment.
func bigPlan(t testing.TB, n int) []byte {
	type m = map[string]any
	refs := func(list ...string) m { return m{"references": list} }
	var changes, conf []m
	var hashed []string
	add := func(kind, name string, action string, before, after, expressions m) {
		address := kind + "." + name
		changes = append(changes, m{"address": address, "mode": "managed", "type": kind, "name": name,
			"change": m{"actions": []string{action}, "before": before, "after": after, "after_unknown": m{}}})
		conf = append(conf, m{"address": address, "mode": "managed", "type": kind, "name": name, "expressions": expressions})
	}
	api := refs("aws_api_gateway_rest_api.a.id", "aws_api_gateway_rest_api.a")
	add("aws_api_gateway_rest_api", "a", "no-op", m{"id": "abc123", "name": "a", "root_resource_id": "r"}, m{"id": "abc123", "name": "a", "root_resource_id": "r"}, m{})
	for i := range n / 3 {
		name, id := fmt.Sprint("x", i), fmt.Sprint("id", i)
		res := m{"id": id, "rest_api_id": "abc123", "parent_id": "r", "path_part": name, "path": "/" + name}
		add("aws_api_gateway_resource", name, "no-op", res, res, m{"rest_api_id": api})
		of := refs("aws_api_gateway_resource."+name+".id", "aws_api_gateway_resource."+name)
		method := m{"rest_api_id": "abc123", "resource_id": id, "http_method": "GET", "authorization": "NONE"}
		add("aws_api_gateway_method", name, "no-op", method, method, m{"rest_api_id": api, "resource_id": of})
		before := m{"rest_api_id": "abc123", "resource_id": id, "http_method": "GET", "type": "HTTP", "uri": "https://old.example.com/" + name}
		after, action := before, "no-op"
		if i%10 == 0 {
			action, after = "update", m{"rest_api_id": "abc123", "resource_id": id, "http_method": "GET", "type": "HTTP", "uri": "https://new.example.com/" + name}
		}
		add("aws_api_gateway_integration", name, action, before, after, m{"rest_api_id": api, "resource_id": of})
		hashed = append(hashed, "aws_api_gateway_integration."+name+".id", "aws_api_gateway_integration."+name)
	}
	add("aws_api_gateway_deployment", "d", "no-op", m{"id": "dep1", "rest_api_id": "abc123"}, m{"id": "dep1", "rest_api_id": "abc123"}, m{"rest_api_id": api, "triggers": refs(hashed...)})
	stage := m{"rest_api_id": "abc123", "stage_name": "prod", "deployment_id": "dep1"}
	add("aws_api_gateway_stage", "prod", "no-op", stage, stage, m{"rest_api_id": api, "deployment_id": refs("aws_api_gateway_deployment.d.id", "aws_api_gateway_deployment.d")})
	data, err := json.Marshal(m{"format_version": "1.2", "resource_changes": changes, "configuration": m{"root_module": m{"resources": conf}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func whole(t testing.TB, data []byte) {
	c, err := Read([]File{{Name: "plan.json", Data: data}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if rep := Report(c, Judge(c, ""), ReportOptions{}); rep.ExitCode != 1 {
		t.Fatalf("exit code %d, want 1: %q", rep.ExitCode, rep.Verdict)
	}
}

// Twice the resources are twice the work, counted in allocations.
func TestWorkGrowsWithThePlan(t *testing.T) {
	small, big := bigPlan(t, 600), bigPlan(t, 2400)
	few := testing.AllocsPerRun(1, func() { whole(t, small) })
	many := testing.AllocsPerRun(1, func() { whole(t, big) })
	if many > 5*few {
		t.Errorf("%.0f allocations for 600 resources and %.0f for 2,400: more than in proportion", few, many)
	}
}

func BenchmarkPlanOf5000Resources(b *testing.B) {
	data := bigPlan(b, 5000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		whole(b, data)
	}
}
