// Vault's own method for logins as somebody of AWS, as a plugin for OpenBao, which has left it out.
// Built by `cargo xtask test`, of the last release of Vault under the Mozilla Public License.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/vault/api"
	aws "github.com/hashicorp/vault/builtin/credential/aws"
	"github.com/hashicorp/vault/sdk/plugin"
)

func main() {
	go watch(os.Getppid())
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Ends with the server: one that is killed, as tests do, tells its plugins nothing.
func watch(server int) {
	for os.Getppid() == server {
		time.Sleep(100 * time.Millisecond)
	}
	os.Exit(0)
}

func serve() error {
	meta := &api.PluginAPIClientMeta{}
	if err := meta.FlagSet().Parse(os.Args[1:]); err != nil {
		return err
	}
	return plugin.ServeMultiplex(&plugin.ServeOpts{
		BackendFactoryFunc: aws.Factory,
		TLSProviderFunc:    api.VaultPluginTLSProvider(meta.GetTLSConfig()),
	})
}
