// Consul itself, for the tests of the plugin consul-kv: no distribution that the tests run on has
// it as a package. Built by `cargo xtask test`.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/consul/command"
	"github.com/hashicorp/consul/command/cli"
	"github.com/hashicorp/consul/version"
	mcli "github.com/mitchellh/cli"
)

func main() {
	ui := &cli.BasicUI{BasicUi: mcli.BasicUi{Writer: os.Stdout, ErrorWriter: os.Stderr}}
	consul := &mcli.CLI{
		Name:     "consul",
		Version:  version.GetHumanVersion(),
		Args:     os.Args[1:],
		Commands: command.RegisteredCommands(ui),
	}
	code, err := consul.Run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
