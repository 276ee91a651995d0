#!/usr/bin/env bash
# Puts the secrets that secrets.toml reads from Secrets Manager there.
#
#   ./put-secrets.sh [FILE]
#
# Takes values from FILE, which has lines NAME=value, and asks for those that are not in it. Makes
# what is missing, updates what has changed, leaves the rest alone: so it can be run again. No
# value becomes an argument of a program or a line on the terminal.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() { printf 'put-secrets: %s\n' "$*" >&2; exit 1; }

for program in aws jq secret-run; do
  command -v "$program" >/dev/null || fail "install $program first"
done

# The first version of that command line does not know this variable.
if [ -n "${AWS_REGION:-}" ]; then
  export AWS_DEFAULT_REGION=$AWS_REGION
fi

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

# Takes the text of a secret from standard input.
put() {
  local secret=$1 text current reason
  text=$(cat)
  reason=$(mktemp)
  if current=$(aws secretsmanager get-secret-value --secret-id "$secret" \
      --query SecretString --output text 2> "$reason"); then
    if [ "$current" = "$text" ]; then
      printf '%s: unchanged\n' "$secret"
    else
      printf %s "$text" | aws secretsmanager put-secret-value --secret-id "$secret" \
        --secret-string file:///dev/stdin > /dev/null
      printf '%s: updated\n' "$secret"
    fi
  elif grep -q ResourceNotFoundException "$reason"; then
    printf %s "$text" | aws secretsmanager create-secret --name "$secret" \
      --secret-string file:///dev/stdin > /dev/null
    printf '%s: created\n' "$secret"
  else
    cat "$reason" >&2
    rm -f "$reason"
    fail "AWS does not say what is in $secret"
  fi
  rm -f "$reason"
}

# One line for each secret of the manifest: its name, the secret in AWS, the field, whether it is
# required. A dash stands for no field.
entries=$(secret-run plan --env production --format json | jq -r '
  .entries[] | select(.class == "secret" and (.from | startswith("aws:")))
  | (.from | ltrimstr("aws:") | split("#")) as $place
  | [.name, $place[0], ($place[1] // "-"), .required] | @tsv')

declare -A fields=()
while IFS=$'\t' read -r name secret field required <&3; do
  value=$(value_of "$name" "$required")
  if [ -z "$value" ]; then
    printf '%s: left out\n' "$secret"
  elif [ "$field" = - ]; then
    printf %s "$value" | put "$secret"
  else
    # Several fields are one secret.
    fields[$secret]=$(FIELDS=${fields[$secret]:-'{}'} VALUE=$value jq -n --arg field "$field" \
      '(env.FIELDS | fromjson) + {($field): env.VALUE}')
  fi
done 3<<< "$entries"
for secret in "${!fields[@]}"; do
  printf %s "${fields[$secret]}" | put "$secret"
done
