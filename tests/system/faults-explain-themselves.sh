#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# After memseal_explain_faults a write to sealed memory says what it hit, where
# that was sealed and who wrote; and the program ends as it would have ended.
. "$(dirname "$0")/common.inc"
need cc addr2line
cd "$work"
source=$SOURCE/tests/system/programs/explained_fault.c
cat >culprit.c <<'END'
void scribble(char *at) { *(volatile char *)at = 'X'; }
END
cc -g -shared -fPIC culprit.c -o libculprit.so

# dies ARG...: by SIGSEGV, and leaves what it said in `said`.
dies() {
  local status=0
  { ./program "$@" 2>said; } >/dev/null 2>&1 || status=$?
  ((status == 139)) || { echo "exit status $status: $*"; cat said; return 1; }
}
# place KEY: the source line behind what is said after KEY, with those that it
# is inlined into.
place() {
  local file offset
  IFS=+ read -r file offset <<<"$(sed -n "s/^  $1 by *//p" said)"
  addr2line -ie "$file" "$offset" | sed 's/ (.*//'
}
line_with() { grep -nF "/* $1 */" "$source" | cut -d: -f1; }
# explained TEXT: the paragraph, and that its places are true.
explained() {
  grep -qF "$1" said || { cat said; return 1; }
  grep -qE 'thread [0-9]+ \(.*\) wrote to 0x' said || { cat said; return 1; }
  place sealed | sed -n 's/.*explained_fault.c://p' |
    grep -xFf - <(line_with SEALED) >/dev/null
}
# told WHAT TEXT: a write by the program itself.
told() {
  dies "$1"
  explained "$2"
  place written | grep -x ".*explained_fault.c:$(line_with WRITTEN)" >/dev/null
}

for link in "-O0" "-O2 -no-pie"; do
  # shellcheck disable=SC2086
  cc -g $link -I "$SOURCE/include" "$source" -o program -pthread \
    "$BUILD/libmemseal.a"
  dies quiet pages # control: who did not ask hears nothing
  [[ ! -s said ]]
  told pages 'byte 0 of the memory at 0x'
  told arena 'byte 16 of the arena at 0x'
  told secret 'a secret'
  told variable 'a MEMSEAL_RO_AFTER_INIT variable of /'
  told object 'the object /'
  dies pages thread
  explained '(culprit) wrote to'
  dies pages library
  explained 'byte 0'
  place written | grep -x '.*culprit.c:1' >/dev/null

  # What is no such fault says nothing, and ends the same.
  dies none
  [[ ! -s said ]]
  dies pages raise
  [[ ! -s said ]]

  # A former handler is called, with its arguments and on its stack.
  ./program pages handler >out 2>said
  grep -qx "handler called, stack the thread's" out
  explained 'byte 0'
  ./program pages alternate >out 2>said
  grep -qx 'handler called, stack its own' out
  explained 'byte 0'
done

# The core shows the write, not the handler.
pattern=$(cat /proc/sys/kernel/core_pattern)
if [[ $pattern != [/\|]* ]] && command -v gdb >/dev/null; then
  (ulimit -c unlimited; dies pages)
  core=$(find . -name "*core*" -size +0 | head -1)
  if [[ -n $core ]]; then
    gdb -batch -ex bt ./program "$core" >trace 2>&1
    grep -qE '^#0 .*(write_to|seal|main)' trace || { cat trace; exit 1; }
  fi
fi
