package moves

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const millis = "2006-01-02T15:04:05.000Z07:00"

// clocks go with the time without being a number near now.
var clocks = group("clock", map[string]func(d *draw) step{
	"minutes-ago":   clock("lastSync", time.RFC3339, -time.Hour, -time.Minute),
	"in-minutes":    clock("expiresAt", millis, time.Minute, time.Hour),
	"seconds-text":  secondsText,
	"rfc1123":       clock("served", http.TimeFormat, -time.Minute, 0),
	"local-time":    localTime,
	"offset-time":   offsetTime,
	"signed-url":    signedURL,
	"max-age":       maxAge,
	"expires":       expires,
	"atom-id":       atomID,
	"age-words":     ageWords,
	"uptime":        uptime,
	"uptime-tick":   ticks("uptimeSeconds", func(d *draw) func(int) any { return counting(int(d.from(60, 200000))) }),
	"uptime-words":  uptimeWords,
	"minute":        ticks("asOf", minute),
	"date":          ticks("date", date),
	"next-run":      ticks("nextRun", nextRun),
	"epoch-nanos":   clockNumber("timestamp", func(t time.Time) int64 { return t.UnixNano() }),
	"epoch-micros":  clockNumber("ts", func(t time.Time) int64 { return t.UnixMicro() }),
	"mongo-date":    clockNumber("updated", func(t time.Time) int64 { return t.Add(-17 * time.Minute).UnixMilli() }),
	"iso-duration":  isoDuration,
	"ulid":          ulid,
	"uuid-v7":       uuidV7,
	"snowflake":     clockNumber("messageId", func(t time.Time) int64 { return (t.UnixMilli()-1288834974657)<<22 | t.UnixNano()&0x3fffff }),
	"token":         token3,
	"log-line":      logLine,
	"batch":         ticks("batch", func(d *draw) func(int) any { return named("batch-%06d", d.rng.IntN(90000)) }),
	"dataset-stamp": ticks("dataset", func(d *draw) func(int) any { return counting(1700000000 + d.rng.IntN(9999999)) }),
})

// counting is a number that each tick raises by one.
func counting(from int) func(int) any { return func(n int) any { return whole(from + n) } }

func named(form string, from int) func(int) any {
	return func(n int) any { return fmt.Sprintf(form, from+n) }
}

func minute(d *draw) func(int) any {
	at := d.start.Truncate(time.Minute)
	return func(n int) any { return at.Add(time.Duration(n) * time.Minute).UTC().Format("2006-01-02 15:04") }
}

func date(d *draw) func(int) any {
	at, layout := d.start, []string{time.DateOnly, "02.01.2006", "January 2, 2006"}[d.rng.IntN(3)]
	return func(n int) any { return at.AddDate(0, 0, n).UTC().Format(layout) }
}

func nextRun(d *draw) func(int) any {
	at := d.start.Truncate(5 * time.Minute)
	return func(n int) any { return at.Add(time.Duration(n+1) * 5 * time.Minute).UTC().Format(time.RFC3339) }
}

func clockNumber(name string, of func(time.Time) int64) func(d *draw) step {
	return func(d *draw) step {
		path := d.path(name)
		// Two answers of one instant still differ by a few units, as clocks of two machines do.
		return field1(path, func(t *turn) any { return whole(int(of(t.now.Add(-t.jitter(20 * time.Millisecond))))) })
	}
}

func secondsText(d *draw) step {
	path, most := d.path("refreshIn"), d.of(30, 90)
	return field1(path, func(t *turn) any { return fmt.Sprintf("%ds", most-(t.passed()+t.rng.IntN(3))%most) })
}

func localTime(d *draw) step {
	layouts := []string{time.DateTime, "02.01.2006 15:04:05", "Jan 2, 2006, 3:04:05 PM", "2006/01/02 15:04:05", "Mon Jan _2 15:04:05 2006"}
	path, layout := d.path("localTime"), layouts[d.rng.IntN(len(layouts))]
	return field1(path, func(t *turn) any { return t.now.Add(-t.jitter(3 * time.Second)).UTC().Format(layout) })
}

func offsetTime(d *draw) step {
	path, zone := d.path("generated"), time.FixedZone("", 3600*(d.rng.IntN(12)-5))
	return field1(path, func(t *turn) any { return t.now.Add(-t.jitter(time.Second)).In(zone).Format(millis) })
}

func signedURL(d *draw) step {
	path, life := d.path("download"), 300*(1+d.rng.IntN(12))
	return field1(path, func(t *turn) any {
		return fmt.Sprintf("https://files.example.com/report.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-Signature=%s",
			t.now.UTC().Format("20060102T150405Z"), life, t.token(strings.Repeat("@", 64)))
	})
}

func maxAge(d *draw) step {
	name, most := d.header("Cache-Control"), d.of(40, 300)
	return header1(name, func(t *turn) string {
		return fmt.Sprintf("public, max-age=%d", most-(t.passed()+t.rng.IntN(8))%most)
	})
}

func expires(d *draw) step {
	name, life := d.header("Expires"), time.Duration(60+d.rng.IntN(600))*time.Second
	return header1(name, func(t *turn) string { return t.now.Add(life - t.jitter(9*time.Second)).UTC().Format(http.TimeFormat) })
}

func atomID(d *draw) step {
	path := d.path("id")
	return field1(path, func(t *turn) any {
		return fmt.Sprintf("tag:example.com,%s:/entries/%s", t.now.UTC().Format(time.DateOnly), t.token("#######"))
	})
}

var agesInWords = []string{"just now", "a minute ago", "2 minutes ago", "3 minutes ago", "about an hour ago", "yesterday"}

func ageWords(d *draw) step {
	path, n := d.path("updatedAgo"), d.of(2, 4)
	first := d.rng.IntN(max(1, len(agesInWords)-n))
	return field1(path, func(t *turn) any { return uneven(t, agesInWords[first:min(len(agesInWords), first+n)]) })
}

func uptime(d *draw) step {
	path, from := d.path("uptimeSeconds"), int(d.from(60, 200000))
	return field1(path, func(t *turn) any { return whole(from + t.passed() + t.rng.IntN(2)) })
}

func uptimeWords(d *draw) step {
	path, from, tick := d.path("uptime"), int(d.from(100, 9000)), d.tick()
	return field1(path, func(t *turn) any {
		m := from + tick(t)
		return fmt.Sprintf("up %d days, %d:%02d", m/1440, m/60%24, m%60)
	})
}

func isoDuration(d *draw) step {
	path, from := d.path("elapsed"), d.from(2, 90)
	return field1(path, func(t *turn) any { return fmt.Sprintf("PT%.3fS", from+t.now.Sub(t.start).Seconds()+t.rng.Float64()) })
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ulid is 48 bits of milliseconds and 80 drawn ones (https://github.com/ulid/spec).
func ulid(d *draw) step {
	path := d.path("eventId")
	return field1(path, func(t *turn) any {
		ms, out := t.now.UnixMilli(), make([]byte, 26)
		for i := range out {
			out[i] = crockford[t.rng.IntN(32)]
		}
		for i := 9; i >= 0; i-- {
			out[i], ms = crockford[ms&31], ms>>5
		}
		return string(out)
	})
}

// uuidV7 begins with the milliseconds (RFC 9562, 5.7).
func uuidV7(d *draw) step {
	path := d.path("correlationId")
	return field1(path, func(t *turn) any {
		ms := fmt.Sprintf("%012x", t.now.UnixMilli())
		return ms[:8] + "-" + ms[8:] + "-7" + t.token("@@@") + "-a" + t.token("@@@") + "-" + t.token("@@@@@@@@@@@@")
	})
}

// token3 is a signed token of three parts whose second one holds the time.
func token3(d *draw) step {
	path, issuer := d.path("accessToken"), d.rng.IntN(1e9)
	return field1(path, func(t *turn) any {
		claims := jsonText(obj("iss", strconv.Itoa(issuer), "iat", whole(int(t.now.Unix())), "jti", t.token("@@@@@@@@")))
		return base64URL(`{"alg":"HS256"}`) + "." + base64URL(claims) + "." + base64URL(t.token(strings.Repeat("@", 32)))
	})
}

func logLine(d *draw) step {
	path := d.path("lastLog")
	return field1(path, func(t *turn) any {
		return fmt.Sprintf("[%s] INFO worker-%d handled request in %d ms", t.now.UTC().Format(millis), t.rng.IntN(4), t.between(2, 40))
	})
}
