package notify

import "strings"

// The bodies of services, by their documentation:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using,
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events.
// A text quotes what others answered: nothing in it may become a link or a mention.
const (
	slack     = `{"text": {{json (entities .Text)}}, "mrkdwn": false}`
	teams     = `{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": {{json (cut .Text 20000)}}}]}]}}]}`
	pagerduty = `{"routing_key": {{json .RoutingKey}}, "event_action": {{json .Action}}, "dedup_key": {{json .Key}}, "payload": {"summary": {{json (cut .Text 1024)}}, "source": {{json .Key}}, "severity": {{json (level .Severity)}}, "timestamp": {{json .At}}, "custom_details": {{json .Change}}}}`
	generic   = `{"text": {{json .Text}}, "change": {{json .Change}}}`
)

// services are the hosts of services whose body is known, by suffix.
var services = []struct{ suffix, body string }{
	{"hooks.slack.com", slack},
	{"hooks.slack-gov.com", slack},
	{".webhook.office.com", teams},
	{".logic.azure.com", teams},
	{".api.powerplatform.com", teams},
	{"events.pagerduty.com", pagerduty},
	{"events.eu.pagerduty.com", pagerduty},
}

func templateFor(host string) string {
	for _, s := range services {
		if strings.HasSuffix(strings.ToLower(host), s.suffix) {
			return s.body
		}
	}
	return generic
}

// Named is a template by the name of its service; "" where there is none.
func Named(name string) string {
	return map[string]string{"slack": slack, "teams": teams, "pagerduty": pagerduty, "generic": generic}[name]
}

// cut keeps a text to so many bytes, which is what a service allows.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}

// entities are what Slack asks for in the place of the characters that begin and end
// its links and mentions.
func entities(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// level is a severity as PagerDuty knows them.
func level(severity string) string {
	if severity == "ok" {
		return "info"
	}
	return severity
}
