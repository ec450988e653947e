// Package sandbox is an API Gateway in a box: the control plane of REST and
// HTTP APIs, a TLS data plane, CloudWatch Logs and CloudTrail, in one process
// on loopback sockets, with planted faults whose causes are known. It imports
// nothing of stageprobe: it is met over the wire, through the AWS SDK, the AWS
// CLI or any HTTP client.
package sandbox

import (
	"time"

	"stageprobe/scenarios/sandbox/internal/world"
)

// World is a gateway described as data, with the causes that hold in it.
type World = world.World

// Delivery is how one log group of a world delivers, and of which class it is.
type Delivery = world.Delivery

// Truth is one cause that holds in a world.
type Truth = world.Truth

// Info is what a list of worlds shows.
type Info struct {
	Name        string  `json:"name"`
	Title       string  `json:"title"`
	Description string  `json:"description,omitempty"`
	Causes      []Truth `json:"causes,omitempty"`
}

// Options of a Server. The zero value works.
type Options struct {
	Seed        uint64           // of everything random
	Addr        string           // data plane, 127.0.0.1:0 where left out
	ControlAddr string           // control plane, 127.0.0.1:0 where left out
	Now         func() time.Time // time.Now where left out
	// Policy is the identity policy of whoever calls the control planes, the logs
	// and the trail; nil allows everything. What it does not allow is denied in each
	// service's own words.
	Policy []byte
}

// Call is one call that a control plane, the log service or CloudTrail got.
type Call struct {
	Service   string // apigateway, apigatewayv2, logs, cloudtrail, lambda, cloudwatch, sts
	Operation string // such as GetStages
	Action    string // IAM action, such as apigateway:GET
	Resource  string // ARN, or what the operation named
	Status    int
	At        time.Time
}
