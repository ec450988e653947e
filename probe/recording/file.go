package recording

import (
	"errors"
	"fmt"
	"os"
)

// errLocked says that another process writes the file.
var errLocked = errors.New("another run is writing it")

// openOwn opens a file for one writer alone: nobody else may read it, whatever the
// file that was there allowed, and a second run does not write into it. The lock
// ends with the file, or with the process.
func openOwn(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return f, err // a pipe or a device
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w; give each run a file of its own", path, err), f.Close())
	}
	// Nothing is written before both have been done.
	if err := errors.Join(f.Chmod(0o600), f.Truncate(0)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// InUse tells whether another run is writing its recording to a file.
func InUse(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // and with it the lock
	return errors.Is(lockFile(f), errLocked)
}
