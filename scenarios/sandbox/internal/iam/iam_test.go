package iam

import "testing"

func TestAllows(t *testing.T) {
	p, err := Parse([]byte(`{"Statement":[
		{"Effect":"Allow","Action":"apigateway:GET","Resource":["arn:aws:apigateway:*::/restapis/abc/*"]},
		{"Effect":"Allow","Action":["logs:*"],"Resource":"*"},
		{"Effect":"Deny","Action":"logs:DeleteLogGroup","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[[2]string]bool{
		{"apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abc/stages"}:   true,
		{"apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abd/stages"}:   false,
		{"apigateway:PATCH", "arn:aws:apigateway:eu-west-1::/restapis/abc/stages"}: false,
		{"logs:FilterLogEvents", "arn:x"}:                                          true,
		{"logs:DeleteLogGroup", "arn:x"}:                                           false,
	} {
		if got := p.Allows(call[0], call[1]); got != want {
			t.Errorf("%v: %v", call, got)
		}
	}
	if !(*Policy)(nil).Allows("x:y", "z") {
		t.Error("no policy refuses")
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"a*c", "abbc", true}, {"a*c", "abbcd", false}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"a*b*c", "axbxbxc", true}, {"", "a", false},
	} {
		if got := Match(c.pattern, c.text); got != c.want {
			t.Errorf("%s %s: %v", c.pattern, c.text, got)
		}
	}
}
