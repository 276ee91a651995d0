#!/bin/sh
# Builds http-json.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

cargo build --release --target wasm32-unknown-unknown --target-dir "${CARGO_TARGET_DIR:-target}"
module=$(echo "http-json" | tr - _)
wasm-tools component new \
    "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/$module.wasm" -o http-json.wasm
