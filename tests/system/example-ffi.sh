#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Python's ctypes and Rust seal memory through the C interface.
set -euo pipefail
[[ $(/usr/bin/python3 "$SOURCE/examples/seal.py" "$BUILD/libmemseal.so") == \
  'the key is sealed' ]]

rustc=$(command -v /usr/bin/rustc || command -v rustc) ||
  { echo "skip: no rustc on this machine"; exit 77; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$rustc" --edition 2021 -o "$work/seal" "$SOURCE/examples/rust/seal.rs" \
  -L "$BUILD" -l memseal
[[ $(LD_LIBRARY_PATH=$BUILD "$work/seal") == 'the key is sealed' ]]
