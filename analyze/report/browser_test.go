package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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

func TestHTMLInABrowser(t *testing.T) {
	var said complaints
	ctx := browser(t, &said)
	dir := t.TempDir()
	for _, name := range []string{"demo", "hostile", "inspect", "wait"} {
		path := filepath.Join(dir, name+".html")
		for _, e := range examples {
			if e.name == name {
				if err := os.WriteFile(path, write(t, HTML, e.make()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, width := range []int64{400, 1400} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s %d %s", name, width, scheme), func(t *testing.T) { open(t, ctx, path, width, scheme) })
			}
		}
	}
	said.Lock()
	defer said.Unlock()
	if len(said.list) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said.list, "\n"))
	}
}

// open loads a page and looks at what came of it. With SHOTS set to a folder,
// it leaves a picture there for people.
func open(t *testing.T, ctx context.Context, path string, width int64, scheme string) {
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+path)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	overflow := look(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	scripts := look(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("script").length`))
	background := look(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	text := look(t, ctx, chromedp.TextContent(chromedp.CSS("main")))
	if overflow > 0 {
		t.Errorf("the page is %d pixels wider than its window", overflow)
	}
	if scripts != 0 {
		t.Errorf("%d scripts", scripts)
	}
	if want := map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]; background != want {
		t.Errorf("background %s, want %s: the style sheet was not applied", background, want)
	}
	for _, want := range contents(path) {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	paper(t, ctx)
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	if shots := os.Getenv("SHOTS"); shots != "" {
		shot := look(t, ctx, chromedp.FullScreenshot(100))
		name := fmt.Sprintf("%s-%d-%s.png", strings.TrimSuffix(filepath.Base(path), ".html"), width, scheme)
		if err := os.WriteFile(filepath.Join(shots, name), shot, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// paper looks at the page as it is printed: what is folded on a screen cannot be
// unfolded there.
func paper(t *testing.T, ctx context.Context) {
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	const folded = `[...document.querySelectorAll("details pre")].filter(p => p.getBoundingClientRect().height === 0 || !p.checkVisibility()).length`
	if n := look(t, ctx, chromedp.Evaluate[int](folded)); n > 0 {
		t.Errorf("%d blocks are not printed", n)
	}
}

func look[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// contents are what a reader must find on a page.
func contents(path string) []string {
	switch strings.TrimSuffix(filepath.Base(path), ".html") {
	case "demo":
		return []string{"Stage prod answers from its own deployment", "9 % (4.4 % to 16 %)", "op=remove,path=/canarySettings", "variables.backend", "Who served it, by the logs", "Latency", `"version": 1`, "99.7 % of requests found", "canary of the autumn release", "The six steps"}
	case "hostile":
		return []string{"<script>alert(1)</script>", `\u202e`}
	case "wait":
		return []string{"Old answers over time", "459 of 459 needed"}
	}
	return []string{"rule of priority 10", "PutIntegration", "orders-beta"}
}
