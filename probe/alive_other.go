//go:build !unix

package probe

import "net"

// alive cannot tell here; MaxIdle alone keeps stale connections from being used.
func alive(net.Conn) bool { return true }
