#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --all looks at processes that end while it looks; it neither fails nor tells of
# them twice.
. "$SOURCE/tests/system/status-common.inc"

(while :; do /bin/true; done) &
churn=$!
trap 'kill "$churn"; rm -rf "$work"' EXIT
for _ in {1..20}; do
  code=0
  "$tool" status --all >"$work/all" 2>"$work/errors" || code=$?
  # 3 where some process is not ours to read.
  ((code == 1 || code == 3)) || fail "--all exits $code: $(<"$work/errors")"
  [[ ! -s $work/errors ]] || grep -q "could not be looked at" "$work/errors" ||
    fail "--all complains: $(<"$work/errors")"
  repeated=$(awk 'NF == 0 { exit } { print $1 }' "$work/all" | sort | uniq -d)
  [[ -z $repeated ]] || fail "--all tells twice of $repeated"
done
"$tool" status --all --json >"$work/all.json" 2>/dev/null || :
"$python" -c 'import json, sys
assert json.load(open(sys.argv[1]))["processes"]' "$work/all.json"
