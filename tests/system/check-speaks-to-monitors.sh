#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `memseal check` is a monitoring plugin: one line on standard output, figures
# behind a bar, and the state as exit code.
. "$(dirname "$0")/common.inc"
needs_mseal
tool=$BUILD/memseal-tool
cd "$work"

# one_line STATE: what was said is a plugin's line of this state.
one_line() {
  [[ $(wc -l <said) == 1 ]]
  grep -qE "^MEMSEAL $1 - [^|]+( \| sealed=[0-9.]+%;[0-9.]+:;[0-9.]+:;0;100 processes=[0-9]+;;;0 unread=[0-9]+;;;0)?\$" said || {
    cat said >&2
    return 1
  }
}

sleep 1000 &
servers+=($!)
plain=$!
"$memseal" run --require -- sleep 1000 &
servers+=($!)
sealed=$!
"$memseal" run --segments=text,rodata -- sleep 1000 &
servers+=($!)
part=$!
wait_for "$tool" status "$sealed"
wait_for grep -q sleep "/proc/$part/comm"
sleep 0.2

exits 0 "$tool" check "$sealed"
one_line OK
says 'sealed=100.0%'
exits 2 "$tool" check "$plain"
one_line CRITICAL
says 'sealed=0.0%'
exits 2 "$tool" check "$sealed" "$plain"
says '2 processes, 1 wholly sealed'
exits 1 "$tool" check "$part"
one_line WARNING
exits 0 "$tool" check -w 50: -c 40 "$part"
exits 0 "$tool" check --warning=0 --critical=0 "$plain"
exits 2 "$tool" check --name=sleep

# Not known is 3, told where the monitor reads.
for words in "" 999999999 x "-w 101 $sealed" "-w abc $sealed" \
  "--unit nosuch.service" "--name nosuchname" "--nosuch"; do
  # shellcheck disable=SC2086
  exits 3 "$tool" check $words
  [[ -s said ]]
  [[ $words == --nosuch ]] || one_line UNKNOWN
done
if ((EUID == 0)); then
  exits 3 setpriv --reuid=65534 --clear-groups "$tool" check "$sealed"
  one_line UNKNOWN
fi
# A bar in a name would begin the figures.
cp "$(command -v sleep)" './a|b=1'
'./a|b=1' 1000 &
servers+=($!)
wait_for grep -q '^a|b' "/proc/$!/comm"
exits 2 "$tool" check $!
one_line CRITICAL
