#!/bin/sh
# Builds licence-rules.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

# A validator may import nothing. Without `--stub-wasi` the component would import files, sockets
# and a clock. With it those trap, and `random` gives the same numbers at every start.
componentize-py --wit-path wit --world validator componentize --stub-wasi app \
    --output licence-rules.wasm
