#!/bin/sh
# Builds {{name}}.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

# What Go calls of the first WASI, made of what the second has.
adapter="${ADAPTER:-wasi_snapshot_preview1.reactor.wasm}"
if [ ! -f "$adapter" ]; then
    echo "missing $adapter: README.md says where it is from" >&2
    exit 1
fi

mkdir -p build
wit-bindgen go --world backend-only --out-dir . wit
# The bindings allocate before Go has started, with a function of its runtime that is not
# public: hence -checklinkname.
GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared \
    -ldflags='-s -w -checklinkname=0' -o build/module.wasm .
wasm-tools component embed --world backend-only wit build/module.wasm -o build/embedded.wasm
wasm-tools component new build/embedded.wasm --adapt "wasi_snapshot_preview1=$adapter" \
    -o {{name}}.wasm
