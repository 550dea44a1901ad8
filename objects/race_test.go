//go:build race

package objects_test

const raceDetector = true
