//go:build !race

package lifetime

const raceDetector = false
