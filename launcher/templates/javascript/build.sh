#!/bin/sh
# Builds {{name}}.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

# What is disabled would be imported from WASI, and is not needed here.
npx --no-install componentize-js backend.js --wit wit --world-name backend-only \
    --disable stdio random clocks http fetch-event --out {{name}}.wasm
