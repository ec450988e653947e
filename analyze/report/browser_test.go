package report

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"stageprobe/analyze"
)

// browserTime is how long the browser may take; a machine that needs longer has no
// time to look.
const browserTime = 2 * time.Minute

// browser starts headless Chromium, cut off from everything but the page.
// said gets what the console and the browser's own log say.
func browser(t *testing.T, said *complaints) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not on PATH")
	}
	if testing.Short() {
		t.Skip("a browser takes a while")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(said.listen))
	t.Cleanup(cancel)
	return ctx
}

type complaints struct {
	sync.Mutex
	list []string
}

func (c *complaints) listen(event any) {
	c.Lock()
	defer c.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		c.list = append(c.list, "console: "+string(e.Type))
	case *runtime.EventExceptionThrown:
		c.list = append(c.list, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		c.list = append(c.list, e.Entry.Text)
	}
}

// pages are what is looked at: examples, and worlds whose pages are laid out
// differently.
func pages(t *testing.T) map[string]*analyze.Report {
	out := map[string]*analyze.Report{"estate": estateReport(30), "fourteen": fourteenReport()}
	for _, e := range examples {
		if slices.Contains([]string{"demo", "hostile"}, e.name) {
			out[e.name] = e.make()
		}
	}
	all := worlds(t)
	names := []string{"canary-and-flaky"}
	if only := os.Getenv("SHOTS_OF"); only != "" {
		names, out = strings.Split(only, ","), map[string]*analyze.Report{}
	}
	for _, name := range names {
		out["world "+name] = all[name]
	}
	return out
}

// fourteenReport has a scenario with fourteen behaviours.
func fourteenReport() *analyze.Report {
	rep := demoReport()
	t := &rep.Targets[0]
	usual := t.Clusters[0]
	t.Clusters, t.Timeline = nil, nil
	for i := range 14 {
		c := usual
		c.ID, c.Reference, c.Count, c.Status = fmt.Sprintf("c%02d", i), i == 0, 140-i, 200+i
		c.Share, c.ShareLow, c.ShareHigh = 1./14, 0.03, 0.12
		t.Clusters = append(t.Clusters, c)
	}
	return rep
}

func TestHTMLInABrowser(t *testing.T) {
	var said complaints
	ctx := browser(t, &said)
	dir := t.TempDir()
	all := pages(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		path := filepath.Join(dir, name+".html")
		if err := os.WriteFile(path, write(t, HTML, all[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		for width, scheme := range map[int64]string{400: "light", 800: "dark", 1400: "light"} {
			if width == 800 && name != "demo" && os.Getenv("SHOTS") == "" {
				continue // one page shows that the dark colours apply
			}
			t.Run(fmt.Sprintf("%s %d %s", name, width, scheme), func(t *testing.T) { open(t, ctx, path, width, scheme) })
		}
	}
	said.Lock()
	defer said.Unlock()
	if len(said.list) > 0 && !t.Skipped() {
		t.Errorf("the browser complains: %s", strings.Join(said.list, "\n"))
	}
}

// What is measured of a page.
const (
	// cutNumbers are the cells of numbers that reach over the window's edge.
	cutNumbers = `[...document.querySelectorAll(".num")].filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1).filter(e => e.getBoundingClientRect().right > innerWidth || e.scrollWidth > e.clientWidth + 1).map(e => e.textContent + " in " + e.closest("table").caption.textContent).join("; ")`
	// below is how far the first two findings reach: what happened, what differs and the
	// first command.
	below = `Math.max(0, ...[...document.querySelectorAll("main article.card[aria-labelledby^=finding]")].slice(0, 2).map(a => {
		const parts = [a.querySelector("p"), a.querySelector(".sides table"), a.querySelector(".sides pre.command") || a.querySelector(".sides h4")];
		return Math.max(...parts.filter(e => e).map(e => e.getBoundingClientRect().bottom));
	}))`
	// fills are the colours of the bars of behaviours in one scenario.
	fills = `new Set([...document.querySelectorAll("article.card")].find(a => a.querySelectorAll("svg.bar").length >= 14)?.querySelectorAll("svg.bar rect:nth-of-type(2)").values().map(e => getComputedStyle(e).fill) || []).size`
	// sorted clicks on the head of the last column of the overview and reads its first
	// cell, twice.
	sorted = `[...document.querySelectorAll("table.sortable")].slice(0, 1).flatMap(t => [1, 2].map(() => {
		t.tHead.rows[0].cells[t.tHead.rows[0].cells.length - 1].querySelector("button").click();
		return t.tBodies[0].rows[0].cells[t.tHead.rows[0].cells.length - 1].textContent;
	})).join(", ")`
	// copies are commands without a button that copies them.
	copies = `document.querySelectorAll("pre.command").length - document.querySelectorAll("button.copy").length`
)

// open loads a page and looks at what came of it. With SHOTS set to a folder,
// it leaves a picture there for people.
func open(t *testing.T, ctx context.Context, path string, width int64, scheme string) {
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	must(t, ctx, chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+path)))
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
	must(t, ctx, err)
	for _, fact := range []struct {
		what, js string
		most     int
	}{
		{"pixels beyond the window's edge", `document.documentElement.scrollWidth - document.documentElement.clientWidth`, 0},
		{"commands without a button to copy them", copies, 0},
		{"scripts", `document.querySelectorAll("script").length`, 1},
	} {
		if n := look(t, ctx, chromedp.Evaluate[int](fact.js)); n > fact.most {
			t.Errorf("%d %s", n, fact.what)
		}
	}
	name := strings.TrimSuffix(filepath.Base(path), ".html")
	if cut := look(t, ctx, chromedp.Evaluate[string](cutNumbers)); cut != "" && width == 400 && name != "hostile" {
		t.Errorf("numbers are cut: %s", cut)
	}
	if reach := look(t, ctx, chromedp.Evaluate[float64](below)); width == 1400 && reach > 900 && name != "estate" && name != "hostile" {
		t.Errorf("the first screen ends before the recommended command: %.0f pixels", reach)
	}
	switch name {
	case "fourteen":
		if n := look(t, ctx, chromedp.Evaluate[int](fills)); n != 14 {
			t.Errorf("%d colours for 14 behaviours", n)
		}
	case "estate":
		if got := look(t, ctx, chromedp.Evaluate[string](sorted)); got != "error: stale-deployment, warning: stale-deployment" {
			t.Errorf("sorted by verdict up and down, the table begins with %q", got)
		}
	}
	background := look(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	text := look(t, ctx, chromedp.TextContent(chromedp.CSS("main")))
	if want := map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]; background != want {
		t.Errorf("background %s, want %s: the style sheet was not applied", background, want)
	}
	for _, want := range contents(path) {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	paper(t, ctx, strings.ReplaceAll(name, " ", "-")+"-print.png")
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
	must(t, ctx, err)
	picture(t, ctx, fmt.Sprintf("%s-%d-%s.png", strings.ReplaceAll(name, " ", "-"), width, scheme), width)
}

// picture leaves a picture of the page in the folder SHOTS.
func picture(t *testing.T, ctx context.Context, name string, width int64) {
	shots := os.Getenv("SHOTS")
	if shots == "" {
		return
	}
	must(t, ctx, chromedp.Do(ctx, chromedp.EmulateViewport(width, 2600)))
	shot := look(t, ctx, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(shots, name), shot, 0o600); err != nil {
		t.Fatal(err)
	}
}

// paper looks at the page as it is printed: what is folded on a screen cannot be
// unfolded there.
func paper(t *testing.T, ctx context.Context, name string) {
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	must(t, ctx, err)
	const folded = `[...document.querySelectorAll("details pre")].filter(p => p.getBoundingClientRect().height === 0 || !p.checkVisibility()).length`
	if n := look(t, ctx, chromedp.Evaluate[int](folded)); n > 0 {
		t.Errorf("%d blocks are not printed", n)
	}
	picture(t, ctx, name, 760)
}

// must ends a test by an error; where the time is up, the machine is too busy for a
// browser.
func must(t *testing.T, ctx context.Context, err error) {
	t.Helper()
	if ctx.Err() != nil {
		t.Skip("the browser did not answer in time")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func look[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	must(t, ctx, err)
	return v
}

// contents are what a reader must find on a page.
func contents(path string) []string {
	switch strings.TrimSuffix(filepath.Base(path), ".html") {
	case "demo":
		return []string{"Stage prod answers from its own deployment", "9 % (4.4 % to 16 %)", "op=remove,path=/canarySettings", "variables.backend", "Who served it, by the logs", "Latency", `"version": 1`, "99.7 % of requests found", "canary of the autumn release", "The six steps"}
	case "hostile":
		return []string{"<script>alert(1)</script>", `\u202e`}
	case "estate":
		return []string{"800 stages of 200 APIs (account 123456789012, us-east-1): 30 need attention", "770 stages of 193 APIs"}
	}
	return nil
}
