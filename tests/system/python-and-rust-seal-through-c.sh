#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Python's ctypes and Rust seal memory through the C interface.
set -euo pipefail
python=(/usr/bin/python3 "$SOURCE/examples/seal.py")
[[ $("${python[@]}" --unsealed "$BUILD/libmemseal.so") == 'the key is NOT sealed' ]]
[[ $("${python[@]}" "$BUILD/libmemseal.so") == 'the key is sealed' ]]

rustc=$(command -v /usr/bin/rustc || command -v rustc) ||
  { echo "skip: no rustc on this machine"; exit 77; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$rustc" --edition 2021 -o "$work/seal" "$SOURCE/examples/rust/seal.rs" \
  -L "$BUILD" -l memseal
export LD_LIBRARY_PATH=$BUILD
[[ $("$work/seal" --unsealed) == 'the key is NOT sealed' ]]
[[ $("$work/seal") == 'the key is sealed' ]]
