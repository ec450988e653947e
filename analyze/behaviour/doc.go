// Package behaviour says what counts as another answer, and what it goes with.
//
// Each answer is reduced to features (package feature), and each feature is
// asked one question that has an exact answer: does it go with anything that
// was drawn? A [Table] keeps the features of every answer; [Table.Link] holds
// them against a factor that the gateway or the probe drew at random, such as
// the side of a canary or the target; [Table.Partition] makes the behaviours of
// a report from what any person would call another answer and from what was
// found linked. What is neither moves by itself and is not compared.
package behaviour
