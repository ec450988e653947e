package prose

import "text/template"

// Sentences are all templates.
func Sentences() *template.Template { return sentences() }
