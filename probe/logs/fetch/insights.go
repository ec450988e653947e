package fetch

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// insights asks CloudWatch Logs Insights.
type insights struct{ *run }

const (
	// idsPerQuery ids fit into a query string of 10,000 characters.
	idsPerQuery = 200
	// rowsPerQuery is the most rows that a query returns.
	rowsPerQuery = 10_000
)

// query asks Logs Insights for the ids: one query scans the group once, however
// large, where FilterLogEvents would page through it. Where a query fails, or
// is not allowed, the ids are asked for in the other way.
func (r insights) query(ctx context.Context, g *group, ids []string, whole *page) error {
	r.note("log group %s is large: read with Logs Insights, which AWS bills by the data scanned", g.Name)
	for len(ids) > 0 {
		n := min(len(ids), idsPerQuery)
		if err := r.queryBatch(ctx, g, ids[:n], whole.from, whole.to); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.gap(r.failure(operation(err), "log group "+g.Name, g.arn, err, "a large log group takes longer to read"))
			return r.readIDs(ctx, g, ids, whole)
		}
		ids = ids[n:]
	}
	return r.readLatest(ctx, g, whole.to)
}

// readQueried reads a group that only Logs Insights reads, and then its newest
// event, which shows how far it has got.
func (r insights) readQueried(ctx context.Context, g *group, ids []string, from, to time.Time) error {
	r.note("log group %s is of the class INFREQUENT_ACCESS: read with Logs Insights, which AWS bills by the data scanned", g.Name)
	refused := func(err error) error {
		if ctx.Err() != nil {
			return err
		}
		g.denied = true
		r.gap(r.failure(operation(err), "log group "+g.Name, g.arn, err, g.costs()+"; FilterLogEvents does not read a group of its class"))
		return nil
	}
	for len(ids) > 0 {
		n := min(len(ids), idsPerQuery)
		if err := r.queryBatch(ctx, g, ids[:n], from, to); err != nil {
			return refused(err)
		}
		ids = ids[n:]
	}
	if r.overdue(g) {
		return nil
	}
	rows, err := r.ask(ctx, g, "fields @timestamp, @ingestionTime, @logStream, @message | sort @timestamp desc", 1, from, to)
	if err != nil {
		return refused(err)
	}
	for _, row := range rows {
		g.take(eventOf(row), r.now())
	}
	return nil
}

func (r insights) queryBatch(ctx context.Context, g *group, ids []string, from, to time.Time) error {
	rows, err := r.rows(ctx, g, ids, from, to)
	if err != nil {
		return err
	}
	if len(rows) == rowsPerQuery && len(ids) > 1 {
		half := len(ids) / 2
		if err := r.queryBatch(ctx, g, ids[:half], from, to); err != nil {
			return err
		}
		return r.queryBatch(ctx, g, ids[half:], from, to)
	}
	for _, row := range rows {
		g.take(eventOf(row), r.now())
	}
	return nil
}

// rows are the events that hold one of the ids.
func (r insights) rows(ctx context.Context, g *group, ids []string, from, to time.Time) ([][]types.ResultField, error) {
	return r.ask(ctx, g, queryString(ids), rowsPerQuery, from, to)
}

// ask runs one query to its end.
func (r insights) ask(ctx context.Context, g *group, query string, limit int32, from, to time.Time) ([][]types.ResultField, error) {
	started, err := call(ctx, r.Reader, func() (*cloudwatchlogs.StartQueryOutput, error) {
		return r.Client.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
			LogGroupName: &g.Name, QueryString: &query, Limit: &limit,
			StartTime: aws.Int64(from.Unix()), EndTime: aws.Int64(to.Unix() + 1),
		})
	})
	if err != nil {
		return nil, err
	}
	if aws.ToString(started.QueryId) == "" {
		return nil, errors.New("answer not understood: it names no query")
	}
	const pause = time.Second
	for {
		out, err := call(ctx, r.Reader, func() (*cloudwatchlogs.GetQueryResultsOutput, error) {
			return r.Client.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: started.QueryId})
		})
		if err == nil {
			switch out.Status {
			case types.QueryStatusComplete:
				if s := out.Statistics; s != nil {
					r.scanned.Add(int64(s.BytesScanned))
				}
				return out.Results, nil
			case types.QueryStatusRunning, types.QueryStatusScheduled:
				err = r.sleep(ctx, pause)
			default:
				return nil, &resultsError{fmt.Errorf("query ended as %q", out.Status)}
			}
		}
		if err != nil {
			r.stop(ctx, started.QueryId)
			return nil, &resultsError{err}
		}
	}
}

// resultsError is that of a query which was started.
type resultsError struct{ error }

// Unwrap gives the error of the call.
func (e *resultsError) Unwrap() error { return e.error }

// operation is the call that failed.
func operation(err error) string {
	if _, ok := errors.AsType[*resultsError](err); ok {
		return "GetQueryResults"
	}
	return "StartQuery"
}

// stop ends a query that nobody waits for; it would go on to be billed.
func (r insights) stop(ctx context.Context, id *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, _ = r.Client.StopQuery(ctx, &cloudwatchlogs.StopQueryInput{QueryId: id})
}

// queryString selects the events that hold one of the ids.
func queryString(ids []string) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = strings.ReplaceAll(regexp.QuoteMeta(id), "/", `\/`)
	}
	return "fields @timestamp, @ingestionTime, @logStream, @message | filter @message like /" +
		strings.Join(quoted, "|") + "/ | sort @timestamp asc"
}

// eventOf turns a row into the event it was.
func eventOf(row []types.ResultField) types.FilteredLogEvent {
	var e types.FilteredLogEvent
	for _, f := range row {
		switch aws.ToString(f.Field) {
		case "@timestamp":
			e.Timestamp = rowTime(aws.ToString(f.Value))
		case "@ingestionTime":
			e.IngestionTime = rowTime(aws.ToString(f.Value))
		case "@logStream":
			e.LogStreamName = f.Value
		case "@message":
			e.Message = f.Value
		}
	}
	return e
}

// rowTime reads "2019-02-27 11:31:00.425", which is in UTC, or epoch
// milliseconds.
func rowTime(s string) *int64 {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return &ms
	}
	at, err := time.Parse("2006-01-02 15:04:05.999", s)
	if err != nil {
		return nil
	}
	return aws.Int64(at.UnixMilli())
}
