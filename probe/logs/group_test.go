package logs

import (
	"slices"
	"testing"
)

func TestParseGroup(t *testing.T) {
	tests := []struct {
		name, api, stage string
		canary, ok       bool
	}{
		{"API-Gateway-Execution-Logs_uwe3g5jm54/Prod", "uwe3g5jm54", "Prod", false, true},
		{"API-Gateway-Execution-Logs_abc/prod/Canary", "abc", "prod", true, true},
		{"API-Gateway-Execution-Logs/abc/prod", "abc", "prod", false, true},
		{"API-Gateway-Execution-Logs/abc/prod/Canary", "abc", "prod", true, true},
		{"API-Gateway-Execution-Logs_abc/Canary", "abc", "Canary", false, true},
		{"API-Gateway-Execution-Logs_abc/Canary/Canary", "abc", "Canary", true, true},
		{"API-Gateway-Execution-Logs_abc/prod2", "abc", "prod2", false, true},
		{"API-Gateway-Execution-Logs_abc/prod/canary", "", "", false, false},
		{"API-Gateway-Execution-Logs_abc", "", "", false, false},
		{"API-Gateway-Execution-Logs_abc/", "", "", false, false},
		{"API-Gateway-Execution-Logs_/prod", "", "", false, false},
		{"API-Gateway-Execution-Logs_abc//Canary", "", "", false, false},
		{"/aws/lambda/abc/prod", "", "", false, false},
		{"", "", "", false, false},
	}
	for _, tt := range tests {
		api, stage, canary, ok := ParseGroup(tt.name)
		if api != tt.api || stage != tt.stage || canary != tt.canary || ok != tt.ok {
			t.Errorf("ParseGroup(%q) = %q, %q, %t, %t", tt.name, api, stage, canary, ok)
		}
	}
}

func TestExecutionGroups(t *testing.T) {
	for _, stage := range []string{"prod", "Canary"} {
		names := ExecutionGroups("abc", stage)
		for i, name := range names {
			api, got, canary, ok := ParseGroup(name)
			if !ok || api != "abc" || got != stage || canary != (i%2 == 1) {
				t.Errorf("%q = %q, %q, %t, %t", name, api, got, canary, ok)
			}
		}
		if slices.Contains(names, "API-Gateway-Execution-Logs_abc/"+stage+"2") {
			t.Errorf("%q holds another stage's group", names)
		}
	}
}

func TestAccessGroup(t *testing.T) {
	tests := []struct {
		arn, group string
		firehose   bool
	}{
		{"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/x", "/aws/apigateway/x", false},
		{"arn:aws:logs:eu-west-1:123456789012:log-group:x:*", "x", false},
		{"arn:aws-cn:logs:cn-north-1:123456789012:log-group:x", "x", false},
		{"arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-x", "", true},
		{"x", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if group, firehose := AccessGroup(tt.arn); group != tt.group || firehose != tt.firehose {
			t.Errorf("AccessGroup(%q) = %q, %t", tt.arn, group, firehose)
		}
	}
}
