#!/usr/bin/env bash
# Calls secret-run as a pipeline does, with a token of ci-policy.hcl in VAULT_TOKEN.
#
#   NODE_ENV=production ./run.sh -- api-gateway
#
# The secret id is good for one login, and comes in a wrapping that is good for a minute.
set -euo pipefail
manifest=$(dirname "${BASH_SOURCE[0]}")/secrets.toml
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
needs secret-run

role=auth/approle/role/api-gateway
VAULT_ROLE_ID=$("$vault" read -field=role_id $role/role-id)
VAULT_SECRET_ID=$("$vault" write -force -wrap-ttl=60s -field=wrapping_token $role/secret-id)
export VAULT_ROLE_ID VAULT_SECRET_ID
unset VAULT_TOKEN
exec secret-run -f "$manifest" "$@"
