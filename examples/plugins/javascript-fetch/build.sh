#!/bin/sh
# Builds http-json.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

# Clocks and http are what `fetch` is made of; the rest is not needed here.
npx --no-install componentize-js backend.js --wit wit --world-name backend-only \
    --disable stdio random fetch-event --out http-json.wasm
