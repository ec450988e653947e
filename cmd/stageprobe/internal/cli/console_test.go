package cli

import "testing"

func TestTheConsoleIsNoTarget(t *testing.T) {
	for raw, refused := range map[string]bool{
		"https://us-east-1.console.aws.amazon.com/apigateway/main/apis/abc123/resources?api=abc123&region=us-east-1": true,
		"console.aws.amazon.com/apigateway":                               true,
		"https://console.amazonaws-us-gov.com/apigateway":                 true,
		"https://console.example.com/orders":                              false,
		"https://abc123.execute-api.us-east-1.amazonaws.com/prod/console": false,
	} {
		if _, err := parseURLs([]string{raw}); (err != nil) != refused {
			t.Errorf("%s: refused %t, want %t", raw, err != nil, refused)
		}
	}
}
