#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `memseal run` takes the program's policy: the user's before the system's, what
# options say before both, and a faulty one is never passed over.
# matrix: perl
. "$(dirname "$0")/common.inc"
needs_mseal
export XDG_CONFIG_HOME=$work/config
unset HOME
mkdir -p "$XDG_CONFIG_HOME/memseal"
policy=$XDG_CONFIG_HOME/memseal/true.toml

# sealed OBJECT: the report of the last run says so.
run_true() {
  rm -f "$work/report"
  exits 0 "$memseal" run --report="$work/report" "$@" -- true
}
sealed() { grep -qE "/$1[^ ]* .* sealed native" "$work/report"; }

# Without a policy everything is sealed.
run_true
sealed libc.so
sealed true

printf '[[objects.except]]\nglob = "libc.so*"\nreason = "a test"\n' >"$policy"
run_true
not sealed libc.so
sealed true
# Options win; none is none.
run_true --except=true
sealed libc.so
not sealed true
run_true --policy=none
sealed libc.so
sealed true
# A policy of another program does not matter, one that is named does.
exits 0 "$memseal" run --report="$work/other" -- echo
grep -q '/libc.so.* sealed native' "$work/other"
mv "$policy" "$work/named.toml"
run_true --policy="$work/named.toml"
not sealed libc.so
run_true
sealed libc.so

# The home directory is the place without XDG_CONFIG_HOME; a relative one is no
# place at all.
mkdir -p "$work/home/.config/memseal"
cp "$work/named.toml" "$work/home/.config/memseal/true.toml"
XDG_CONFIG_HOME='' HOME=$work/home run_true
not sealed libc.so
(cd "$work/home/.config" && XDG_CONFIG_HOME=. run_true)
sealed libc.so

# A faulty one: not run. An unreadable one neither.
echo 'engin = "native"' >"$policy"
exits 125 "$memseal" run -- true
says "$policy:1:1: there is no setting 'engin'"
rm "$policy"
mkdir "$policy"
exits 125 "$memseal" run -- true
says "'$policy' cannot be read"
rmdir "$policy"
exits 125 "$memseal" run --policy="$work/absent" -- true
says "cannot be read: No such file or directory"

# Each setting arrives.
if [[ $(uname -m) == x86_64 ]]; then  # the tracer's
  printf 'on-violation = "kill"\n' >"$work/kill.toml"
  exits 0 "$memseal" run --policy="$work/kill.toml" -- \
    grep '^Seccomp:.*2' /proc/self/status
  exits 1 "$memseal" run --policy="$work/kill.toml" --on-violation=deny -- \
    grep '^Seccomp:.*2' /proc/self/status
fi
printf 'inherit = false\n' >"$work/alone.toml"
exits 1 "$memseal" run --policy="$work/alone.toml" -- \
  sh -c 'grep -c libmemseal /proc/self/maps'
printf 'inherit = true\n' >"$work/all.toml"
exits 0 "$memseal" run --policy="$work/all.toml" -- \
  sh -c 'grep -c libmemseal /proc/self/maps'
printf 'engine = "filter"\nhow = "audit"\nrequire = true\n' >"$work/filter.toml"
exits 0 "$memseal" run --policy="$work/filter.toml" -- \
  grep '^Seccomp:.*2' /proc/self/status
