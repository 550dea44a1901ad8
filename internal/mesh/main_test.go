package mesh

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// role, when set, makes this program a member, with that configuration.
const role = "NETOBJ_TEST_MEMBER"

func TestMain(m *testing.M) {
	text, member := os.LookupEnv(role)
	if !member {
		os.Exit(m.Run())
	}
	var config Config
	err := json.Unmarshal([]byte(text), &config)
	if err == nil {
		err = Main(config, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "member:", err)
		os.Exit(1)
	}
}
