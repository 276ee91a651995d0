#!/usr/bin/env bash
# A server to try things with: OpenBao or Vault, in memory, with TLS and an authority of its own.
#
#   ./server.sh [ADDRESS:PORT]
#
# It has an engine for secrets at `secret/` and one token, `dummy-root-token`, that may do
# everything. Its authority is in dev/vault-ca.pem. Ctrl-C ends it, and all is forgotten.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh

mkdir -p dev
# What an earlier one left can't be written to.
rm -f dev/vault-ca.pem dev/vault-cert.pem dev/vault-key.pem
exec "$vault" server -dev -dev-tls -dev-tls-cert-dir=dev -dev-no-store-token \
  -dev-root-token-id=dummy-root-token -dev-listen-address="${1:-127.0.0.1:8200}"
