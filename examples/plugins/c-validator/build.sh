#!/bin/sh
# Builds licence-rules.wasm. README.md says what must be installed.
set -eu
cd "$(dirname "$0")"

rm -rf build
wit-bindgen c --world validator --out-dir build wit
# The reactor model is a library's: without a `main`, and thus without arguments and files.
"${CC:-clang}" --target=wasm32-wasi -mexec-model=reactor -Os -Wl,--strip-all -Wall -Wextra \
    -I build rules.c build/validator.c build/validator_component_type.o -o build/module.wasm
wasm-tools component new build/module.wasm -o licence-rules.wasm
