# If `database` holds version 2 of the engine for keys and values, the path is database/data/creds/api-gateway.
path "database/creds/api-gateway" { capabilities = ["read"] }
path "secret/data/api-gateway/production/API_ENCRYPTION_KEY" { capabilities = ["read"] }
path "secret/data/api-gateway/production/BASE_SEPOLIA_RPC_URL" { capabilities = ["read"] }
path "secret/data/api-gateway/production/ETHEREUM_SEPOLIA_RPC_URL" { capabilities = ["read"] }
path "secret/data/api-gateway/production/JWT_SECRET" { capabilities = ["read"] }
path "secret/data/api-gateway/production/LINEA_SEPOLIA_RPC_URL" { capabilities = ["read"] }
path "secret/data/api-gateway/production/REDIS_URL" { capabilities = ["read"] }
path "secret/data/api-gateway/production/TELEGRAM_BOT_TOKEN" { capabilities = ["read"] }
path "secret/data/api-gateway/production/stripe" { capabilities = ["read"] }
# The token of a login is revoked.
path "auth/token/revoke-self" { capabilities = ["update"] }
