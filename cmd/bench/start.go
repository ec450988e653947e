package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// starts is how often the tool is started, to say how long that takes.
const starts = 30

// buildTool builds stageprobe into a folder.
func buildTool(ctx context.Context, dir string) (string, error) {
	tool := filepath.Join(dir, "stageprobe")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", tool, "./cmd/stageprobe").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/stageprobe: %w: %s", err, lastLine(out))
	}
	return tool, nil
}

// startup says how long stageprobe --version takes, and how large the program is.
func startup(ctx context.Context, work string) error {
	tool, err := buildTool(ctx, work)
	if err != nil {
		return err
	}
	info, err := os.Stat(tool)
	if err != nil {
		return err
	}
	var wall, cpu []time.Duration
	for range starts {
		cmd := exec.CommandContext(ctx, tool, "--version")
		began := time.Now()
		if err := cmd.Run(); err != nil {
			return err
		}
		wall = append(wall, time.Since(began))
		cpu = append(cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	fmt.Printf("\nstart (stageprobe --version, %d times)\n  %.1f ms, %.1f ms of CPU (limit 30 ms); %.0f MB with symbols\n",
		starts, median(wall, ms), median(cpu, ms), float64(info.Size())/1e6)
	return nil
}
