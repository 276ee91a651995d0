#!/bin/sh
# Builds licence-rules.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

# A validator may import nothing: what is not disabled would be imported from WASI.
npx --no-install componentize-js validator.js --wit wit --world-name validator \
    --disable stdio random clocks http fetch-event --out licence-rules.wasm
