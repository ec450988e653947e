package analyze

import (
	"time"

	"stageprobe/analyze/cause"
)

// Change is one change that a watch saw: of what targets answer, of the
// configuration they are checked against, or of what the watch itself can see.
type Change struct {
	Kind    ChangeKind `json:"kind"`
	Targets []string   `json:"targets"` // none where it concerns the whole watch
	// At is when it happened, as near as the events of the configuration or the
	// answers tell; Noticed is when it was announced.
	At      time.Time `json:"at"`
	Noticed time.Time `json:"noticed"`
	// Severity is that of the worst that holds now: error, warning, info; ok where
	// nothing is wrong any more.
	Severity string        `json:"severity"`
	Before   State         `json:"before"`
	After    State         `json:"after"`
	Event    *ConfigChange `json:"event"` // of the configuration, that fits; nil where none does
	// Statement is what a person reads: a few sentences.
	Statement string         `json:"statement"`
	Remedy    []cause.Remedy `json:"remedy,omitempty"` // of what is wrong now
}

// ChangeKind says what a [Change] is of.
type ChangeKind string

// The kinds of change. Those of what answers are announced to others; those of the
// watch itself are said where it runs.
const (
	ChangedVerdict       ChangeKind = "verdict"       // what is wrong with a target
	ChangedBehaviour     ChangeKind = "behaviour"     // it answers otherwise, and as much is wrong as before
	ChangedConfiguration ChangeKind = "configuration" // that no answer shows
	ChangedCredentials   ChangeKind = "credentials"   // AWS refuses them, or takes them again
	ChangedNetwork       ChangeKind = "network"       // nothing can be reached, or all can again
)

// State is what holds of a target.
type State struct {
	Outcome Outcome    `json:"outcome"`
	Causes  []cause.ID `json:"causes"` // of warnings and errors, the most severe first
}

// ConfigChange is one change of the configuration, as two readings of it or
// CloudTrail tell it.
type ConfigChange struct {
	At    time.Time `json:"at,omitzero"` // zero where only the readings around it are known
	Event string    `json:"event,omitempty"`
	By    string    `json:"by,omitempty"`
	Tool  string    `json:"tool,omitempty"`
	// Subject is what changed, such as "stage abc123/prod" or "domain api.example.com".
	Subject string `json:"subject"`
	Text    string `json:"text"` // such as "stage abc123/prod went from deployment a1 to b2"
}
