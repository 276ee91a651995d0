#!/bin/sh
# Builds {{name}}.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

# Without `--stub-wasi` the component would import files, sockets and a clock. With it those
# trap, and `random` gives the same numbers at every start: use it for nothing that must be
# secret.
componentize-py --wit-path wit --world backend-only componentize --stub-wasi app \
    --output {{name}}.wasm
