# What the scripts here have in common. They source it.

fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

needs() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || fail "install $program first"
  done
}

# The command line of Vault or that of OpenBao: both take the same words and variables.
vault=$(command -v vault || command -v bao) || fail "install vault or bao first"
