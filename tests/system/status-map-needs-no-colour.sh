#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The picture tells sealed from unsealed by letters; colour comes only where it
# is wanted.
. "$SOURCE/tests/system/status-common.inc"

libc_bar() { sed -n 's/^ *[0-9a-f]\{12\}  libc\.so[^ ]* *//p' <<<"$output"; }

start_sleeper 8
expect 1 "$tool" status --map "$sleeper"
[[ $output != *$'\033'* ]] || fail "colour in a pipe"
[[ $(libc_bar) =~ ^r+t+r+l+=*$ ]] || fail "libc unsealed: $(libc_bar)"

start_sleeper 9 libc-text
expect 1 "$tool" status --map "$sleeper"
[[ $(libc_bar) =~ ^r+T+r+l+=*$ ]] || fail "libc sealed: $(libc_bar)"

expect 1 "$tool" status --map --color=always "$sleeper"
says $'\033['
# A terminal, by script(1): coloured, unless NO_COLOR says no.
command -v script >/dev/null || exit 0
terminal() { script -qec "$1" /dev/null </dev/null || :; }
output=$(TERM=xterm terminal "env -u NO_COLOR $tool status $sleeper")
says $'\033['
output=$(TERM=xterm NO_COLOR=1 terminal "$tool status $sleeper")
[[ $output != *$'\033['* ]] || fail "NO_COLOR is not honoured"
