#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Before Linux 5.7 no filter can have a listener and reach all threads
# (TSYNC_ESRCH), before 5.0 none can have a listener at all. There is no keeper
# then: that is said, and what needs none works: the library, --engine=filter and
# attach. The kernel is played by a filter that answers as it would.
# matrix: python3
. "$(dirname "$0")/common.inc"
python=/usr/bin/python3
[[ -x $python ]] || skip "python3 is not installed"
case $(uname -m) in
  x86_64) seccomp=317 ;;
  aarch64) seccomp=277 ;;
  *) skip "its system calls are not known here" ;;
esac
mseal=462
listener=$((1 << 3)) tsync_esrch=$((1 << 4)) wait_killable=$((1 << 5))
attack=$BUILD/examples/attack

# as_linux VERSION COMMAND...
as_linux() {
  local flags=$((tsync_esrch | wait_killable))
  [[ $1 == 4.19 ]] && flags=$((flags | listener))
  local filtered=$SOURCE/tests/system/programs/filtered.py
  exec "$python" "$filtered" ENOSYS $mseal "$python" "$filtered" \
    EINVAL "$seccomp/1:$flags" "${@:2}"
}

for version in 4.19 5.6; do
  exits 1 eval "(as_linux $version $attack)"  # the twin: it may
  exits 0 eval "(as_linux $version $memseal run --engine=filter --require -- $attack)"
  [[ $(grep -c 'EPERM$' "$work/said") == 8 ]]

  # No keeper: one sentence, and the program runs as it would.
  exits 1 eval "(as_linux $version $memseal run --engine=keeper -- $attack)"
  [[ $(grep -c '^memseal: ' "$work/said") == 1 ]]
  [[ $(grep -c 'succeeded$' "$work/said") == 8 ]]
  exits 125 eval "(as_linux $version $memseal run --require -- $attack)"
  not grep -q 'succeeded$' "$work/said"

  # The library: one thread and several.
  (as_linux $version "$BUILD/tests/test_seal" --gtest_brief=1 --gtest_filter="ASeal.*:\
Engines/TheCall.*/filter:ManyThreads.*:ThreadsThatComeAndGo.*") >"$work/said" 2>&1 ||
    { cat "$work/said"; exit 1; }
  says "PASSED"

  # A running process.
  [[ $(uname -m) == x86_64 ]] || continue
  as_linux $version /bin/sleep 60 &
  servers+=($!)
  wait_for grep -q sleep "/proc/$!/comm"
  sleep 0.2
  before=$(sed -n "s/^Seccomp_filters:\t//p" "/proc/$!/status")
  exits 0 "$memseal" attach --engine=filter $!
  says ", filter"
  (($(sed -n "s/^Seccomp_filters:\t//p" "/proc/$!/status") > before))
done
