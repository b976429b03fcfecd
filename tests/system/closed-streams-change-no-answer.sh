#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# memseal may be started with standard streams closed: no verb ends otherwise
# than with them, nothing of ours gets their numbers, and a program that is run
# finds them closed.
. "$(dirname "$0")/common.inc"
need cc
cd "$work"

# same CODE COMMAND...: ends so with its streams open, and with any of them
# closed.
same() {
  local want=$1 close
  shift
  exits "$want" "$@" </dev/null
  for close in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    local got=0
    eval '"$@" '"$close" >"$work/out" 2>"$work/err" || got=$?
    ((got == want)) || {
      echo "exit status $got with $close, $want without: $*" >&2
      cat "$work/err" >&2
      return 1
    }
  done
}

cat >ends.c <<'END'
// Ends with 10 and the bits of the standard streams that are closed; with 20 if
// there is another descriptor, with 30 if its code can be made writable.
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
int main(void) {
  void *page = (void *)((uintptr_t)&main & ~(uintptr_t)4095);
  if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0)
    return 30;
  int closed = 10;
  for (int fd = 0; fd < 64; ++fd)
    if (fcntl(fd, F_GETFD) < 0)
      closed += fd < 3 ? 1 << fd : 0;
    else if (fd >= 3)
      return 20;
  return closed;
}
END
cc -O1 -o ends ends.c
exits 30 ./ends # the control: its code is not sealed

# Whoever started us may have left some.
for fd in $(seq 3 63); do
  eval "exec $fd>&-"
done

# The program finds what it would have found, sealed in every way.
ways=('')
"$memseal" run --require --engine=filter -- true 2>/dev/null && ways+=(--engine=filter)
"$memseal" run --require --engine=keeper -- true 2>/dev/null && ways+=(--engine=keeper)
if [[ $(uname -m) == x86_64 ]]; then
  "$memseal" run --require --how=trace -- true 2>/dev/null && ways+=(--how=trace)
  "$memseal" run --require --on-violation=report -- true 2>/dev/null &&
    ways+=(--on-violation=report '--on-violation=report --how=trace')
fi
for way in "${ways[@]}"; do
  for close in '' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    want=10
    [[ $close == *'<&-'* ]] && want=$((want + 1))
    [[ $close == *' >&-'* || $close == '>&-'* ]] && want=$((want + 2))
    [[ $close == *'2>&-'* ]] && want=$((want + 4))
    got=0
    # What is reported goes to a file, so that a closed standard error is no
    # reason to report nothing.
    eval "'$memseal' run $way --report=told -- ./ends $close" >out 2>err || got=$?
    ((got == want)) || {
      echo "run $way $close: exit status $got, not $want" >&2
      exit 1
    }
    grep -q ' sealed ' told
    [[ $way != *report* ]] || wait_for grep -q 'mprotect.* on text of ' told
    [[ ! -s out && ! -s err ]]
    rm told
  done
done

# A report to a standard error that is closed is none, and said to be none.
exits 125 bash -c '"$0" run --require --report -- true 2>&-' "$memseal"
exits 0 bash -c '"$0" run --report -- true 2>&-' "$memseal"

sleep 60 &
sleeper=$!
servers+=("$sleeper")
wait_for grep -q sleep /proc/$sleeper/comm
same 125 "$memseal"
same 0 "$memseal" --version
same 0 "$memseal" run --help
same 127 "$memseal" run -- no-such-program
same 125 "$memseal" run --no-such-option
status=0
"$memseal" status $sleeper >/dev/null || status=$?
for options in --unsealed --json --map --tree; do
  same $status "$memseal" status $options $sleeper
done
same 3 "$memseal" status 999999999
same 2 "$memseal" status --no-such-option
doctor=0
"$memseal" doctor >/dev/null || doctor=$?
same $doctor "$memseal" doctor
same $doctor "$memseal" doctor --json
echo 'policy = "no"' >faulty.toml
same 1 "$memseal" policy check faulty.toml
same 0 "$memseal" policy show true
same 2 "$memseal" enable
mkdir -p root/etc/systemd/system root/bin
cp /bin/sleep root/bin
printf '[Service]\nExecStart=/bin/sleep 9\n' >root/etc/systemd/system/nap.service
same 0 "$memseal" enable --dry-run --root=root nap
if [[ $(uname -m) == x86_64 ]]; then
  same 1 "$memseal" probe --json $sleeper
  same 0 "$memseal" trace -- true
  same 7 "$memseal" trace --json --verbose -- sh -c 'exit 7'
  same 0 "$memseal" attach --dry-run $sleeper
  same 127 "$memseal" attach 999999999
fi

# What was asked for and cannot be written is a failure of its own, where the
# answer would else be taken for given.
exits 3 bash -c '"$0" status self >/dev/full' "$memseal"
says "standard output cannot be written: no space is left"
exits 3 bash -c '"$0" doctor --json >/dev/full' "$memseal"
exits 3 bash -c '"$0" policy show true >/dev/full' "$memseal"
exits 125 bash -c '"$0" --version >/dev/full' "$memseal"
[[ $(uname -m) != x86_64 ]] ||
  exits 125 bash -c '"$0" trace --json -- true >/dev/full' "$memseal"
# Standard error is nobody's answer.
exits 0 bash -c '"$0" trace -- true 2>/dev/full' "$memseal"
