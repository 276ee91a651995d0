# For whoever starts the gateway, such as a pipeline: it hands out secret ids, which only the
# gateway can unwrap, and can read no secret itself.
path "auth/approle/role/api-gateway/role-id" { capabilities = ["read"] }
path "auth/approle/role/api-gateway/secret-id" {
  capabilities     = ["update"]
  min_wrapping_ttl = "1s"
  max_wrapping_ttl = "5m"
}
