package cwl

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func FuzzCursor(f *testing.F) {
	f.Add(cursor{position{1795396938022, 3}, true}.String())
	f.Add(cursor{position{0, 0}, false}.String())
	f.Add("f/3/s")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := parseCursor(token)
		if err != nil {
			return
		}
		if again, err := parseCursor(c.String()); err != nil || again != c {
			t.Fatalf("%q: %+v, then %+v, %v", token, c, again, err)
		}
	})
}

// FuzzHandler: whatever the body, every operation answers 200 or 400 with JSON.
func FuzzHandler(f *testing.F) {
	names := slices.Sorted(maps.Keys(operations))
	for i := range names {
		f.Add(i, `{"logGroupName":"g","logStreamName":"s","queryString":"limit 1","startTime":-1,"endTime":9223372036854775807,"limit":3}`)
	}
	f.Add(slices.Index(names, "FilterLogEvents"), `{"logGroupIdentifier":"arn:aws:logs:x:1:log-group:g:*","nextToken":"e30","startFromHead":false}`)
	f.Add(slices.Index(names, "GetLogEvents"), `{"logGroupName":"g","logStreamName":"s","nextToken":"b/30000000000001000000000000000000000000000000000000000002/s"}`)
	f.Add(slices.Index(names, "PutLogEvents"), `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"}]}`)
	now := time.UnixMilli(1000)
	f.Fuzz(func(t *testing.T, i int, body string) {
		s := New(Options{Now: func() time.Time { return now }})
		s.Put("g", "s", []Event{{now, `{"a":1}`}, {now, "b"}})
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", targetPrefix+names[uint(i)%uint(len(names))])
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 || w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code == 400 && !strings.Contains(w.Body.String(), `"__type"`) {
			t.Fatalf("error without type: %s", w.Body)
		}
	})
}
