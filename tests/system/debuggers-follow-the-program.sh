#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A debugger that starts `memseal run` follows the program, not the processes
# that memseal starts beside it.
. "$(dirname "$0")/common.inc"
need gcc gdb
cat >"$work/p.c" <<'C'
__attribute__((noinline)) int answer(void) { return 42; }
int main(void) { return answer(); }
C
gcc -g "$work/p.c" -o "$work/p"
printf '%s\n' 'set breakpoint pending on' 'set debuginfod enabled off' \
  'break answer' run backtrace continue >"$work/commands"

# followed COMMAND...: gdb stopped in the program, and saw the exit.
followed() {
  exits 0 gdb -nx -batch -x "$work/commands" --args "$@"
  grep -q '^#0 .*answer ()' "$work/said" && says 'exited with code 052'
}
followed "$work/p" # the twin
for options in '' --engine=keeper --strict --engine=filter \
  "--on-violation=report --report=$work/report"; do
  # shellcheck disable=SC2086
  followed "$memseal" run $options -- "$work/p"
done
