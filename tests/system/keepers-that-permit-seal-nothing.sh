#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Inside of memseal trace a keeper is there that permits everything: no run takes
# it for one that seals, and nothing is told to be sealed by it.
. "$(dirname "$0")/common.inc"
[[ $(uname -m) == x86_64 ]] || skip "the tracer knows x86-64 only"
attack=$BUILD/examples/attack
cd "$work"

# traced OPTION...: a run inside memseal trace; its exit status.
traced() {
  rm -f report
  exits 0 "$memseal" trace -- sh -c \
    "$memseal run $* --report=report -- $attack; echo inner status \$?"
}
# seals_nothing STATUS: the attacks succeed, or the program does not run.
seals_nothing() {
  says "inner status $1"
  not grep -q 'EPERM$' said
  says "this runs inside memseal trace, whose keeper permits everything"
  [[ ! -e report ]] || not grep -q ' sealed ' <(grep -v 'not sealed' report)
}

# The control: outside, a keeper seals.
"$memseal" run --require --engine=keeper -- true ||
  skip "no keeper can be started here"
exits 0 "$memseal" run --engine=keeper --require -- "$attack"
exits 1 "$attack"

native=no
"$memseal" run --require --engine=native -- true 2>/dev/null && native=yes
traced --engine=keeper
if [[ $native == yes ]]; then
  says 'inner status 0'
  says "is sealed by mseal(2) alone, without a keeper: this runs inside"
  not grep -q ' sealed keeper' report
else
  seals_nothing 1
  [[ $(grep -c 'succeeded$' said) == 8 ]]
fi
traced --engine=keeper --require
seals_nothing 125

# Others do not need it.
traced --engine=filter --require
says 'inner status 0'
[[ $(grep -c 'EPERM$' said) == 8 ]]
if [[ $native == yes ]]; then
  traced --require
  says 'inner status 0'
  [[ $(grep -c 'EPERM$' said) == 8 ]]
else
  traced --require
  seals_nothing 125
fi
traced --on-violation=report --require
seals_nothing 125

# The trace inside of a trace is none.
exits 0 "$memseal" trace -- sh -c "$memseal trace -- sh -c true; echo inner \$?"
says 'inner 125'

# What is traced itself runs as unsealed, and what sealing would break is told.
exits 1 "$memseal" trace -- "$attack"
says 'sealing would have denied 8 calls'

# Nobody can ask for a keeper that permits.
exits 125 "$memseal" run --on-violation=permit -- true
