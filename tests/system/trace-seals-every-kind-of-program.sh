#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real compilers' programs: each may change its text when it runs plainly, and
# may not when it runs sealed; it works all the same.
. "$SOURCE/tests/system/trace-common.inc"
missing=() tested=0

# check PROGRAM: plainly, chosen by itself, and forced.
check() {
  expect 0 "$1"
  expect "$eperm" "$tool" run --how=trace --require "$1"
  [[ $("$1") == $("$tool" run --how=trace "$1" || true) ]] ||
    fail "$1 says something else when it is sealed"
  tested=$((tested + 1))
}

# need COMMAND...: whether it is there.
need() {
  command -v "$1" >/dev/null && return 0
  missing+=("$1")
  return 1
}

source=$programs/tries_own_text.c
for flags in -static -static-pie "-pie -fPIE" -no-pie; do
  # shellcheck disable=SC2086
  gcc -O1 $flags "$source" -o "$dir/c"
  check "$dir/c"
  if [[ $flags != -static && $flags != -no-pie ]]; then
    # RELRO holds the table of strings, once it is relocated.
    expect 0 "$dir/c" relro
    expect "$eperm" "$tool" run --how=trace "$dir/c" relro
  fi
done
# Static programs come to the tracer without being told.
gcc -O1 -static "$source" -o "$dir/c"
expect "$eperm" "$tool" run --require "$dir/c"

if need musl-gcc; then
  for flags in -static "-static-pie -fPIE" ""; do
    # shellcheck disable=SC2086
    musl-gcc -O1 $flags "$source" -o "$dir/musl"
    check "$dir/musl"
  done
fi
if need go; then
  GOCACHE=$dir/go-cache GO111MODULE=off GOFLAGS="" \
    go build -o "$dir/go" "$programs/tries_own_text.go"
  check "$dir/go"
fi
if need rustc; then
  rustc -O "$programs/tries_own_text.rs" -o "$dir/rust" 2>/dev/null
  check "$dir/rust"
  if rustc -O --target x86_64-unknown-linux-musl \
    "$programs/tries_own_text.rs" -o "$dir/rust-musl" 2>/dev/null; then
    check "$dir/rust-musl"
  fi
fi
echo "OK: $tested programs"
((${#missing[@]} == 0)) || skip "not tried, since missing: ${missing[*]}"
