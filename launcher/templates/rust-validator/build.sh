#!/bin/sh
# Builds {{name}}.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

cargo build --release --target wasm32-unknown-unknown --target-dir "${CARGO_TARGET_DIR:-target}"
module=$(echo "{{name}}" | tr - _)
wasm-tools component new \
    "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/$module.wasm" -o {{name}}.wasm
