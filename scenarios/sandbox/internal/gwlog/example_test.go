package gwlog_test

import (
	"fmt"
	"time"

	"stageprobe/scenarios/sandbox/internal/gwlog"
)

func Example() {
	call := gwlog.Call{
		RequestID: "5293df93-f895-46ee-8c21-1471f0d0cef0", ExtendedRequestID: "K2Ib_G66IAMEF6g=",
		APIID: "abc123", Region: "us-east-1", Stage: "prod", DeploymentID: "dep2", CanaryConfigured: true, Canary: true,
		Method: "GET", Path: "/orders/7", Route: "/orders/{id}",
		Started:     time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC),
		Integration: &gwlog.Integration{Type: "AWS_PROXY", Exchange: gwlog.Exchange{Status: 200, Latency: 31 * time.Millisecond}},
		Failure:     gwlog.MalformedProxy,
		Response:    gwlog.Response{Status: 502, Message: "Internal server error"},
	}
	for _, line := range gwlog.Execution(call, gwlog.Error, false) {
		fmt.Println(line.Message)
	}
	line, err := gwlog.Access("$context.requestId $context.deploymentId $context.isCanaryRequest $context.path $context.status", call)
	fmt.Println(line, err)
	// Output:
	// (5293df93-f895-46ee-8c21-1471f0d0cef0) Execution failed due to configuration error: Malformed Lambda proxy response
	// (5293df93-f895-46ee-8c21-1471f0d0cef0) Method completed with status: 502
	// 5293df93-f895-46ee-8c21-1471f0d0cef0 dep2 true /prod/orders/7 502 <nil>
}
