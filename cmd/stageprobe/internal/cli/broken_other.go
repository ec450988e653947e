//go:build !unix

package cli

func outputBroken() bool { return false }
