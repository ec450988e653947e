package main

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze"
	"stageprobe/cmd/stageprobe/internal/fault"
	"stageprobe/probe/recording"
)

var allFaults = flag.Bool("faults", false, "try every fault often, and write testdata/FAULTS.md")

const plantedBearer = "planted-bearer-4eC39HqLyj"

// tried is what became of one kind of fault.
type tried struct {
	area, name string
	answers    int64
	outcome    string
}

// hung is longer than any machine takes for what ends by itself.
const hung = 2 * time.Minute

// attempt is a run on something faulty; what must hold of every one is checked.
type attempt struct {
	dir    string
	env    []string
	args   []string
	within time.Duration
}

// outcome runs the command and says how it ended. A crash ends the test.
func (a *attempt) outcome(t *testing.T) (code int, rep *analyze.Report) {
	t.Helper()
	began := time.Now()
	code, out, stderr := execute(a.env, a.args...)
	out += stderr
	if code < 0 || strings.Contains(out, "\ngoroutine ") {
		t.Fatalf("it crashed:\n%s", out)
	}
	if took := time.Since(began); took > a.within+hung {
		t.Errorf("took %s, more than %s", took.Round(time.Millisecond), a.within)
	}
	texts := map[string]string{"terminal": out}
	for _, name := range []string{"run.jsonl", "report.json", "report.html", "report.xml", "report.md"} {
		if b, err := os.ReadFile(filepath.Join(a.dir, name)); err == nil {
			texts[name] = string(b)
		}
	}
	for where, text := range texts {
		if strings.Contains(text, plantedBearer) {
			t.Errorf("%s holds the planted token", where)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\n\t\r", r) || r >= 0x7f && r < 0xa0 }); i >= 0 && where != "run.jsonl" { // which holds answers as they were
			t.Errorf("%s holds the control character %q", where, text[i:min(len(text), i+20)])
		}
	}
	if json.Unmarshal([]byte(texts["report.json"]), &rep) != nil {
		return code, nil
	}
	if rec, err := recording.Open(filepath.Join(a.dir, "run.jsonl")); err != nil || rec.Trailer == nil || rec.Rows != rep.Run.Requests {
		t.Errorf("the recording lacks something of %d requests: %v %+v", rep.Run.Requests, err, rec)
	}
	return code, rep
}

// against checks a faulty server.
func against(t *testing.T, k fault.Kind, wrap func(net.Conn) net.Conn, requests int, more ...string) tried {
	t.Helper()
	s, err := fault.Start(k, wrap)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	patience := 250 * time.Millisecond
	if *allFaults {
		patience = 1500 * time.Millisecond // a machine at work on something else is not what is tried
	}
	scheme := "http"
	if wrap != nil {
		scheme = "https"
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	a := attempt{dir, []string{"GITHUB_ACTIONS=true", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, slices.Concat([]string{
		"check", scheme + "://" + s.Addr().String() + "/prod/x", "--fixed", "--requests", fmt.Sprint(requests), "--rate", "5000", "--workers", "16",
		"--request-timeout", patience.String(), "--logs", "off", "--seed", "1", "--bearer", "env:PROBE_TOKEN", "--record", in("run.jsonl"),
		"-o", in("report.json"), "-o", in("report.html"), "-o", in("report.xml"), "-o", in("report.md"),
	}, more), 30*time.Second + time.Duration(requests)*patience}
	code, rep := a.outcome(t)
	if rep == nil || code == 2 || code == 130 {
		t.Fatalf("ended with %d and no report", code)
	}
	return tried{k.Area, k.Name, s.Answers.Load(), described(code, rep)}
}

func described(code int, rep *analyze.Report) string {
	var causes []string
	for _, f := range rep.Findings {
		causes = append(causes, string(f.Cause))
	}
	slices.Sort(causes)
	return fmt.Sprintf("%d %s", code, cmp.Or(strings.Join(slices.Compact(causes), ", "), string(rep.Outcome)))
}

// TestFaults tries every kind of fault: nothing crashes, nothing hangs, nothing is
// lost and no credential is written. With -faults it tries each often and writes
// the table.
func TestFaults(t *testing.T) {
	t.Parallel()
	requests := 8
	if *allFaults {
		requests = 90
	}
	var all []*tried
	try := func(name string, one func(*testing.T) tried) {
		became := &tried{}
		all = append(all, became)
		t.Run(name, func(t *testing.T) {
			if !*allFaults { // a machine at work on something else is not what the table tells of
				t.Parallel()
			}
			*became = one(t)
		})
	}
	each := func(kinds []fault.Kind, wrap func(net.Conn) net.Conn, more ...string) {
		for i, k := range kinds {
			if !*allFaults && i%4 != 0 {
				continue // the quick part of it
			}
			try(k.Area+"/"+k.Name, func(t *testing.T) tried { return against(t, k, wrap, requests, more...) })
		}
	}
	each(fault.HTTP1(), nil)
	pair, ca := certificate(t, nil)
	https := func(c net.Conn) net.Conn {
		return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}})
	}
	each(fault.HTTP2(), https, "--cacert", ca, "--http", "2")
	for i, k := range tlsFaults(t) {
		if *allFaults || i%3 == 0 {
			kind := fault.Kind{Area: "TLS", Name: k.name, Serve: k.serve}
			try("TLS/"+k.name, func(t *testing.T) tried { return against(t, kind, k.wrap, requests, "--cacert", k.ca) })
		}
	}
	for i, k := range awsFaults() {
		if *allFaults || i%6 == 0 {
			try("AWS/"+k.name, k.try)
		}
	}
	for _, k := range fileFaults() {
		try("files/"+k.name, k.try)
	}
	if *allFaults && !t.Failed() {
		writeFaults(t, all)
	}
}

// TestFaultTable: the table that is kept speaks of all faults there are.
func TestFaultTable(t *testing.T) {
	table, err := os.ReadFile("testdata/FAULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range slices.Concat(fault.HTTP1(), fault.HTTP2()) {
		names = append(names, "| "+k.Area+" | "+k.Name+" |")
	}
	for _, k := range tlsFaults(t) {
		names = append(names, "| TLS | "+k.name+" |")
	}
	for _, k := range awsFaults() {
		names = append(names, "| AWS | "+k.name+" |")
	}
	for _, k := range fileFaults() {
		names = append(names, "| files | "+k.name+" |")
	}
	for _, n := range names {
		if !strings.Contains(string(table), n) {
			t.Errorf("the table lacks %s; go test ./cmd/stageprobe -run TestFaults -faults writes it", n)
		}
	}
	if len(names) < 120 {
		t.Errorf("%d kinds of faults, want 120", len(names))
	}
}

func writeFaults(t *testing.T, all []*tried) {
	var total int64
	var b strings.Builder
	for _, x := range all {
		total += x.answers
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", x.area, x.name, x.answers, x.outcome)
	}
	head := fmt.Sprintf("# Faults tried\n\nWritten by `go test ./cmd/stageprobe -run TestFaults -faults`. %d kinds, %d faulty answers: none crashed a run, none kept it past its\ndeadline, none lost an observation, and the planted token stands in no file and on no terminal. The outcome is the exit code with\nthe causes found, or what the report says of behaviour.\n\n| area | fault | answers | outcome |\n| --- | --- | --- | --- |\n", len(all), total)
	if total < 10_000 {
		t.Fatalf("%d faulty answers, want 10,000: the table stays as it is", total)
	}
	if err := os.WriteFile("testdata/FAULTS.md", []byte(head+b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// certificate makes a certificate for 127.0.0.1, as change alters it, and a file
// with the authority to trust.
func certificate(t *testing.T, change func(*x509.Certificate)) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fault"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}
