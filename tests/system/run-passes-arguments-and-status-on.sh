#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The program's exit status and signals are the user's, not memseal's.
# matrix:
. "$(dirname "$0")/common.inc"

exits 0 "$memseal" run -- sh -c 'exit 0'
exits 1 "$memseal" run -- sh -c 'exit 1'
exits 200 "$memseal" run -- sh -c 'exit 200'

# A signal ends the program itself: the shell reports 128 + its number.
exits $((128 + 15)) "$memseal" run -- sh -c 'kill -TERM $$'
exits $((128 + 9)) "$memseal" run -- sh -c 'kill -KILL $$'

# No process stands between the caller and the program.
"$memseal" run -- sh -c 'echo $$' >"$work/pid" &
wait $!
[[ $(cat "$work/pid") == "$!" ]]

# Ignored signals stay ignored.
(trap '' USR1; exits 0 "$memseal" run -- sh -c 'kill -USR1 $$; exit 0')

# Arguments arrive unchanged, empty ones too.
[[ $("$memseal" run -- printf '<%s>' 'a b' '' '*' --only=x -- $'new\nline') == \
   $(printf '<%s>' 'a b' '' '*' --only=x -- $'new\nline') ]]
