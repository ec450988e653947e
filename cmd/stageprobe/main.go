// Command stageprobe finds out from the outside what an Amazon API Gateway
// really serves: which stage, which deployment, which side of a canary, and
// why a call that should work does not, or only sometimes.
package main

import (
	"context"
	"os"

	"stageprobe/cmd/stageprobe/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
