package predeploy

import "fmt"

// shiftOf tells whether traffic of an alias is split between two versions after
// the change, by weights or by CodeDeploy.
func shiftOf(a *assembly, r *resource) (Shift, bool) {
	if r.shift != "" {
		return Shift{Address: r.address, How: r.shift, Unsure: r.shiftUnsure}, true
	}
	if r.after == nil || !r.acted {
		return Shift{}, false
	}
	weights := r.after.block("routingconfig").object("additionalversionweights")
	if weights == nil { // CloudFormation writes a list of versions
		weights = map[string]any{}
		for _, v := range r.after.block("routingconfig").list("additionalversionweights") {
			p := plainProps(object(v))
			weights[p.text("functionversion")] = p["functionweight"]
		}
	}
	for _, version := range sortedKeys(weights) {
		if w, ok := number(weights[version]); ok && w > 0 && w < 1 {
			return Shift{Address: r.address, How: fmt.Sprintf("%g %% to version %s", 100*w, version)}, true
		}
	}
	return Shift{}, false
}
