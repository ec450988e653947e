package probe

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// unsent are headers that say something of the connection (RFC 9113 section
// 8.2.2), or that are sent in another form.
var unsent = []string{"Host", "Content-Length", "Connection", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Keep-Alive"}

// headerBlock writes a request's head in HPACK (RFC 7541) without the table that
// the two sides keep of earlier ones: it is the same on every connection.
func headerBlock(req *http.Request) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	e.SetMaxDynamicTableSize(0)
	field := func(name, value string) { _ = e.WriteField(hpack.HeaderField{Name: name, Value: value}) } // into memory
	field("x", "")
	b.Reset() // of what tells the table's size, which is no block's concern
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	field(":authority", host)
	field(":method", req.Method)
	field(":path", req.URL.RequestURI())
	field(":scheme", req.URL.Scheme)
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		if slices.Contains(unsent, name) {
			continue
		}
		for _, v := range req.Header[name] {
			field(strings.ToLower(name), v)
		}
	}
	if req.ContentLength > 0 || req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch {
		field("content-length", strconv.FormatInt(req.ContentLength, 10))
	}
	return b.Bytes()
}

// mintedField is the field of the minted id without its value, whose length is
// fixed: a literal that no table keeps.
func mintedField() []byte {
	name := strings.ToLower(requestIDHeader)
	b := append([]byte{0, byte(len(name))}, name...)
	return append(b, uuidLength)
}

const uuidLength = 36
