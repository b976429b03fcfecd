#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Under a list of permitted calls that is older than mseal(2) - it answers 462
# with an errno, or kills - programs are sealed all the same, by a keeper. What
# cannot be sealed is said in one sentence, with the true reason.
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
attack=$BUILD/examples/attack
# under ANSWER CALLS COMMAND...
under() { "$python" "$SOURCE/tests/system/programs/filtered.py" "$@"; }
# sealed: the last command found every attack refused, and nothing else said.
sealed() {
  [[ $(grep -c 'EPERM$' "$work/said") == 8 ]] && not grep -q '^memseal: ' "$work/said"
}
# unsealed REASON: it found none refused, and one sentence tells why.
unsealed() {
  [[ $(grep -c 'succeeded$' "$work/said") == 8 ]]
  [[ $(grep -c '^memseal: ' "$work/said") == 1 ]]
  says "$1"
}

refuses="a seccomp filter refuses mseal(2), which this kernel has"
[[ $(printf '%s\n' 6.10 "$(uname -r)" | sort -V | head -1) == 6.10 ]] ||
  refuses="this kernel has no mseal(2)"
for answer in EPERM ENOSYS kill; do
  # The twin: unsealed.
  exits 1 under $answer $mseal "$attack"
  [[ $answer == kill ]] && refuses="a seccomp filter may kill the process"

  for engine in auto keeper strict; do
    exits 0 under $answer $mseal "$memseal" run --engine=$engine --require -- "$attack"
    sealed
    # What it starts, too.
    exits 0 under $answer $mseal "$memseal" run --engine=$engine --require -- \
      bash -c "bash -c '$attack; exit \$?'; exit \$?"
    sealed
  done
  exits 0 under $answer $mseal "$memseal" run --require --on-violation=report \
    --report="$work/report" -- "$attack"
  sealed
  grep -q ' text sealed keeper$' "$work/report"
  (($(grep -c 'denied' "$work/report") >= 8))
  exits 0 under $answer $mseal "$memseal" run --engine=filter --require -- "$attack"
  sealed

  # The engine that is mseal(2) itself.
  exits 1 under $answer $mseal "$memseal" run --engine=native -- "$attack"
  unsealed "$refuses"
  exits 125 under $answer $mseal "$memseal" run --engine=native --require -- "$attack"
  says "$refuses"

  # The doctor agrees.
  exits 0 under $answer $mseal "$memseal" doctor
  says "engine: filter, for everything; memseal run starts a keeper"
done

# No keeper either: its filter is refused.
for answer in EPERM kill; do
  reason="a filter forbids seccomp(2)"
  [[ $answer == kill ]] && reason="a seccomp filter kills for the calls that start it"
  for engine in auto keeper strict; do
    exits 1 under $answer $mseal,$seccomp "$memseal" run --engine=$engine -- "$attack"
    unsealed "$reason"
    exits 125 under $answer $mseal,$seccomp "$memseal" run --engine=$engine --require -- "$attack"
    says "$reason"
    not grep -q 'succeeded$' "$work/said"
  done
done

# Nor that, but mseal(2) is there: it alone seals, and that is said once.
reason="is sealed by mseal(2) alone, without a keeper: a filter forbids"
if "$memseal" run --engine=native --require -- /bin/true 2>"$work/said"; then
  for engine in keeper strict; do
    exits 0 under EPERM $seccomp "$memseal" run --engine=$engine \
      --report="$work/report" -- bash -c "$attack; exit \$?"
    [[ $(grep -c 'EPERM$' "$work/said") == 8 ]]
    [[ $(grep -c '^memseal: ' "$work/said") == 1 ]]
    says "$reason"
    grep -q ' text sealed native$' "$work/report"
    exits 125 under EPERM $seccomp "$memseal" run --engine=$engine --require \
      -- "$attack"
  done
fi
