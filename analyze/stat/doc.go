// Package stat holds the numbers behind a verdict: e-values that stay valid
// under continual looking, intervals, exact tests, marginal likelihoods and the
// bounds that no method can beat.
//
// It knows counts and float slices only, nothing of stages or reports. All
// evidence is in natural logarithms. A value may be infinite, never NaN.
package stat
