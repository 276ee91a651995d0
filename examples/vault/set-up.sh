#!/usr/bin/env bash
# Lets the gateway log in to Vault and read its secrets, and makes Vault make users of the
# database for it. Whoever runs it administrates Vault: VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT.
#
#   ./set-up.sh
#
# It can be run again. DATABASE_HOST and DATABASE_SSLMODE say how Vault reaches the database, and
# VAULT_DATABASE_PASSWORD with which password, the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh
needs jq

# Whether a listing that has paths as its keys has this one.
has() { "$vault" "$1" list -format=json | jq -e --arg path "$2/" 'has($path)' > /dev/null; }

has secrets secret || "$vault" secrets enable -path=secret -version=2 kv
has secrets database || "$vault" secrets enable database
has auth approle || "$vault" auth enable approle

# --- users of the database ---------------------------------------------------------
if ! "$vault" list -format=json database/config 2> /dev/null | jq -e 'index("api-gateway")' > /dev/null; then
  [ -n "${VAULT_DATABASE_PASSWORD:-}" ] || fail "set VAULT_DATABASE_PASSWORD, as database.sql took it"
  host=${DATABASE_HOST:-localhost:5432} mode=${DATABASE_SSLMODE:-verify-full}
  jq -n --arg url "postgresql://{{username}}:{{password}}@$host/postgres?sslmode=$mode" '{
    plugin_name: "postgresql-database-plugin",
    allowed_roles: "api-gateway",
    connection_url: $url,
    username: "vault",
    password: env.VAULT_DATABASE_PASSWORD
  }' | "$vault" write database/config/api-gateway -
  # From now on Vault alone knows that password.
  "$vault" write -force database/rotate-root/api-gateway
fi
"$vault" write database/roles/api-gateway - <<'ROLE'
{
  "db_name": "api-gateway",
  "creation_statements": [
    "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE gateway;",
    "ALTER ROLE \"{{name}}\" SET role = gateway;"
  ],
  "revocation_statements": ["DROP ROLE IF EXISTS \"{{name}}\";"],
  "default_ttl": "24h",
  "max_ttl": "24h"
}
ROLE

# --- who may read what ----------------------------------------------------------------
"$vault" policy write api-gateway policy.hcl
"$vault" policy write api-gateway-ci ci-policy.hcl

# A secret id is good for one login, soon. The token of that login lives as long as the users of
# the database, which end with it, and may do what policy.hcl says alone.
"$vault" write auth/approle/role/api-gateway \
  token_policies=api-gateway token_no_default_policy=true token_ttl=24h token_max_ttl=24h \
  secret_id_num_uses=1 secret_id_ttl=10m
