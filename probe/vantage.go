package probe

// Vantage is a place from which requests are sent: a machine, with what is
// different there from elsewhere. Observations name it as their Machine.
type Vantage struct {
	Name   string `json:"name"`
	Region string `json:"region,omitempty"` // of the machine, where it is known
	// Resolved are the addresses that its resolver gives for each host, sorted.
	Resolved map[string][]string `json:"resolved,omitempty"`
}
