package world

import (
	"crypto/sha256"
	"math/big"
	"strings"
)

// ShortID makes a ten-character id in the alphabet of API Gateway's ids out of
// what names the thing, so that the same world has the same ids in every run.
func ShortID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	text := new(big.Int).SetBytes(sum[:12]).Text(36)
	return (text + "0000000000")[:10]
}
