// Command bench holds the probe engine against load tools: the same loopback
// stage answers all of them, and the CPU time that each client spends on a
// request is compared.
//
//	go run ./cmd/bench                # every comparison, five rounds
//	go run ./cmd/bench -only ^h2 -reps 9 -n 200000
//	go run ./cmd/bench -long 1,3,10   # memory, recording and analysis of long runs
//	go run ./cmd/bench -merge 1000x10000   # recordings of many machines in one report
//
// The peers are installed at pinned versions through the Go module proxy, into a
// folder that is removed at the end. CPU time drifts with the machine, by a
// factor of almost two on a shared one: a round runs every client in turn, so
// that only ratios within a round are formed, and their median is told with the
// spread. The clients have a CPU of their own, apart from the stage's.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
)

// options are the command's flags.
type options struct {
	n, reps              int
	only                 *regexp.Regexp
	bin                  string
	peers                []string
	serverCPU, clientCPU int
	lengths              []int
	shards, each         int // recordings that are merged, and the observations of each
}

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		switch os.Args[1] { // this command starts itself in these roles
		case "stage":
			log.Fatal(serve(os.Args[2:]))
		}
		if role := roles[os.Args[1]]; role != nil {
			if err := role(os.Args[2:]); err != nil {
				log.Fatal(err)
			}
			return
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o := parse()
	do := compare
	if len(o.lengths) > 0 || o.shards > 0 {
		do = long
	}
	if err := do(ctx, o); err != nil {
		log.Fatal(err)
	}
}

var roles = map[string]func([]string) error{"client": client, "record": record, "count": count, "logs": joinLogs}

func parse() options {
	var o options
	only := flag.String("only", "", "run the comparisons whose name matches this regular expression")
	flag.IntVar(&o.n, "n", 50_000, "requests of each run at full speed")
	flag.IntVar(&o.reps, "reps", 5, "rounds")
	peers := flag.String("peers", "vegeta,bombardier,fortio,hey,k6", "who is compared; k6 takes many minutes to build")
	flag.StringVar(&o.bin, "bin", "", "folder with peers that are installed already; what it lacks is installed into it")
	flag.IntVar(&o.serverCPU, "server-cpu", 0, "CPU of the stage")
	flag.IntVar(&o.clientCPU, "client-cpu", 1, "CPU of the clients")
	lengths := flag.String("long", "", "measure runs of so many millions of requests instead, such as 1,3,10: memory, recording, analysis")
	merged := flag.String("merge", "", "merge so many recordings of so many observations instead, such as 1000x10000")
	flag.Parse()
	if *merged != "" {
		if _, err := fmt.Sscanf(*merged, "%dx%d", &o.shards, &o.each); err != nil || o.shards < 1 || o.each < 1 {
			log.Fatalf("-merge %s: give recordings and observations, such as 1000x10000", *merged)
		}
	}
	for _, m := range strings.FieldsFunc(*lengths, func(r rune) bool { return r == ',' }) {
		n, err := strconv.ParseFloat(m, 64)
		if err != nil || n <= 0 {
			log.Fatalf("-long %s: give millions of requests, such as 1,3,10", *lengths)
		}
		o.lengths = append(o.lengths, int(n*1e6))
	}
	o.peers = strings.Split(*peers, ",")
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		log.Fatalf("-only %q: %v", *only, err)
	}
	return o
}

// compare runs every comparison and prints the table.
func compare(ctx context.Context, o options) error {
	work, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // a temporary folder
	if o.bin == "" {
		o.bin = work
	}
	tools := install(ctx, o.bin, o.peers)
	stages, err := start(ctx, o.serverCPU)
	if err != nil {
		return err
	}
	defer stages.stop()
	r := &rounds{options: o, tools: tools, stages: stages, work: work}
	fmt.Println(machine())
	for _, c := range comparisons() {
		if o.only.MatchString(c.name) && ctx.Err() == nil {
			r.run(ctx, c)
		}
	}
	if o.only.MatchString("start") && ctx.Err() == nil {
		return startup(ctx, work)
	}
	return ctx.Err()
}
