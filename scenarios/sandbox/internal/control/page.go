package control

import (
	"encoding/base64"
	"strconv"
)

// The pages of both services hold 25 items unless the caller says otherwise,
// and at most 500.
const (
	defaultPage = 25
	maxPage     = 500
)

// page cuts one page out of a list. The token is opaque to callers; here it is
// the offset.
func page(items []doc, token, limit string) (cut []doc, next string, err error) {
	size := defaultPage
	if limit != "" {
		if size, err = strconv.Atoi(limit); err != nil || size < 1 {
			return nil, "", badRequest("Invalid limit value: %s", limit)
		}
	}
	start := 0
	if token != "" {
		text, decodeErr := base64.RawURLEncoding.DecodeString(token)
		if start, err = strconv.Atoi(string(text)); decodeErr != nil || err != nil || start < 0 || start > len(items) {
			return nil, "", badRequest("Invalid position parameter specified")
		}
	}
	end := min(len(items), start+min(size, maxPage))
	if end < len(items) {
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return items[start:end], next, nil
}

// restPage is a page as REST API operations answer it.
func (r *request) restPage(items []doc) (any, error) {
	q := r.URL.Query()
	cut, next, err := page(items, q.Get("position"), q.Get("limit"))
	if err != nil {
		return nil, err
	}
	return compact(doc{"item": cut, "position": next}), nil
}

// httpPage is a page as HTTP API operations answer it.
func (r *request) httpPage(name string, items []doc) (any, error) {
	q := r.URL.Query()
	cut, next, err := page(items, q.Get("nextToken"), q.Get("maxResults"))
	if err != nil {
		return nil, err
	}
	out := compact(doc{"nextToken": next})
	if cut == nil {
		cut = []doc{}
	}
	out[name] = cut
	return out, nil
}
