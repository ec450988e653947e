package feature

import (
	"fmt"
	"strings"
	"testing"

	"stageprobe/probe"
)

func BenchmarkFeatures(b *testing.B) {
	headers := []string{"Content-Type: application/json", "Date: x", "X-Amzn-RequestId: 0b9c8640-30be-4853-bd1b-d3fb0442e3e4", "x-amz-apigw-id: K2H60H42IAMEsHA=", "Cache-Control: no-cache, max-age=55", "Content-Length: 200"}
	small := `{"id":"0b9c8640-30be-4853-bd1b-d3fb0442e3e4","name":"tea","price":12.5,"at":"2026-03-01T12:00:03Z","stock":{"left":%d,"of":100},"tags":["a","b"],"active":true,"note":null}`
	for name, body := range map[string]string{
		"json": small,
		"list": "[" + strings.Repeat(small+",", 20) + "1]",
		"text": strings.Repeat("GET /orders 200 in %d ms from 192.0.2.1\nstate: ok\n", 20),
		"html": "<html>" + strings.Repeat("<p class=\"x\">Hello %d</p>", 40) + "</html>",
	} {
		var answers []*probe.Observation
		for i := range 64 {
			answers = append(answers, observed(strings.ReplaceAll(body, "%d", fmt.Sprint(i)), headers...))
		}
		b.Run(name, func(b *testing.B) {
			x := New(Options{})
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				x.Features(answers[i%64], integration)
				i++
			}
		})
	}
	b.Run("read", func(b *testing.B) {
		x := New(Options{})
		o := observed(small, headers...)
		b.ReportAllocs()
		for b.Loop() {
			x.Features(o, nil)
		}
	})
}
