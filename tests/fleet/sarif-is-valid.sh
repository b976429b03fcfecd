#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A SARIF validator takes what `memseal scan` writes, and refuses it damaged.
. "$(dirname "$0")/../system/common.inc"
need npm
# The validator that the format's authors publish; kept for the next run.
home=$BUILD/sarif
mkdir -p "$home"
[[ -e $home/node_modules/.bin/sarif-multitool ]] ||
  npm install --silent --no-audit --no-fund --prefix "$home" \
    @microsoft/sarif-multitool@5.7.0 >/dev/null 2>&1 || skip "npm cannot fetch it"
chmod u+x "$home"/node_modules/@microsoft/*/Sarif.Multitool 2>/dev/null || true
validate() {
  "$home/node_modules/.bin/sarif-multitool" validate "$1" >"$work/judged" 2>&1 &&
    not grep -E ' error [A-Z0-9]+:' "$work/judged"
}
cp "$(command -v ls)" "$work/a b:c%.so"
code=0
"$memseal" scan --format=sarif -o "$work/out.sarif" /usr/bin "$work" || code=$?
((code == 1))
validate "$work/out.sarif"
sed 's/"rules": \[/"rules": 7, "more": [/' "$work/out.sarif" >"$work/bad.sarif"
not validate "$work/bad.sarif" >/dev/null
