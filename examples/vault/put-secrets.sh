#!/usr/bin/env bash
# Puts the secrets that secrets.toml reads from `secret/api-gateway/production` there.
#
#   ./put-secrets.sh [FILE]
#
# Takes values from FILE, which has lines NAME=value, and asks for those that are not in it. Makes
# what is missing, writes a new version of what has changed, leaves the rest alone: so it can be
# run again. No value becomes an argument of a program or a line on the terminal.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh
needs jq secret-run

# `mount` and `path` of [backends.vault].
folder=secret/api-gateway/production

declare -A given=()
if [ $# -gt 0 ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    [[ "$line" =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    given[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
  done < "$1"
fi

# The value of an entry; nothing for an optional one that nobody gives.
value_of() {
  local name=$1 required=$2 value=${given[$1]:-}
  if [ -z "$value" ] && [ -t 0 ]; then
    read -rsp "$name: " value < /dev/tty
    printf '\n' >&2
  fi
  [ -n "$value" ] || [ "$required" = never ] || fail "$name is required and has no value"
  printf %s "$value"
}

# Takes the fields of a secret from standard input.
put() {
  local secret=$1 fields current reason verb
  fields=$(cat)
  reason=$(mktemp)
  # What was deleted has no fields.
  if current=$("$vault" kv get -format=json "$folder/$secret" 2> "$reason" | jq -c .data.data); then
    verb=updated
  elif grep -q 'No value found' "$reason"; then
    current='' verb=created
  else
    cat "$reason" >&2
    rm -f "$reason"
    fail "Vault does not say what is in $secret"
  fi
  rm -f "$reason"
  if [ "$current" = "$fields" ]; then
    verb=unchanged
  else
    printf %s "$fields" | "$vault" kv put "$folder/$secret" - > /dev/null
  fi
  printf '%s: %s\n' "$secret" "$verb"
}

# One line for each secret of the manifest: its name, its path, the field, whether it is required.
# What begins with a slash is elsewhere. A secret of one value has it in the field `value`.
entries=$(secret-run plan --env production --format json | jq -r '
  .entries[] | select(.class == "secret" and (.from | test("^vault:[^/]")))
  | (.from | ltrimstr("vault:") | split("#")) as $place
  | [.name, $place[0], ($place[1] // "value"), .required] | @tsv')

declare -A fields=()
order=()
while IFS=$'\t' read -r name secret field required <&3; do
  value=$(value_of "$name" "$required")
  if [ -z "$value" ]; then
    printf '%s: left out\n' "$secret"
    continue
  fi
  [ -n "${fields[$secret]:-}" ] || order+=("$secret")
  # Several fields are one secret.
  fields[$secret]=$(FIELDS=${fields[$secret]:-'{}'} VALUE=$value jq -nSc --arg field "$field" \
    '(env.FIELDS | fromjson) + {($field): env.VALUE}')
done 3<<< "$entries"
for secret in "${order[@]}"; do
  printf %s "${fields[$secret]}" | put "$secret"
done
