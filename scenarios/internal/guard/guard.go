// Package guard keeps a library's panic on broken input from ending the program.
package guard

import "fmt"

// Call runs a decoder. Its panic becomes an error: decoders of YAML and OpenAPI
// follow pointers that some broken documents leave nil.
func Call(decode func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be read (%v): something in it is empty or out of place", p)
		}
	}()
	return decode()
}
