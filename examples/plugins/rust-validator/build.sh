#!/bin/sh
# Builds licence-rules.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

cargo build --release --target wasm32-unknown-unknown --target-dir "${CARGO_TARGET_DIR:-target}"
module=$(echo "licence-rules" | tr - _)
wasm-tools component new \
    "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/$module.wasm" -o licence-rules.wasm
