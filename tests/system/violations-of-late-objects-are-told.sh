#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What dlopen brings is under --on-violation as what was there at the start: a
# violation of it is reported with its caller, kills, or raises SIGSYS. What
# --dlopen=skip leaves unsealed is not.
. "$SOURCE/tests/system/trace-common.inc"
source=$programs/attacks_late_object.c
gcc -g -O1 "$source" -o "$dir/program"
gcc -g -O1 -shared -fPIC -DLIBRARY "$source" -o "$dir/late.so"
attack=("$dir/program" "$dir/late.so")

expect 0 "${attack[@]}"  # unsealed, the attack works
expect 1 "$tool" run -- "${attack[@]}"

# reported_by NAME OPTION...
reported_by() {
  local said
  said=$("$tool" run --on-violation=report "$@" -- "${attack[@]}" 3 2>&1) &&
    fail "$*: the attack works"
  [[ $(grep -c denied <<<"$said") == 3 ]] || fail "$*: not three violations: $said"
  for word in "on text of $dir/late.so+0x" 'mprotect(0x' \
    'unlock_itself (attacks_late_object.c:' 'main (attacks_late_object.c:'; do
    [[ $said == *"$word"* ]] || fail "$*: the report lacks '$word': $said"
  done
}
for options in '' --engine=keeper --engine=strict --require --dlopen=seal \
  --how=audit; do
  # shellcheck disable=SC2086
  reported_by $options
done

# SIGSYS is 31. A keeper can only refuse: it is not taken for a filter.
for violation in kill trap; do
  expect 125 "$tool" run --on-violation=$violation --engine=keeper -- true
  for options in '' --engine=filter --engine=strict --require; do
    # shellcheck disable=SC2086
    expect 159 "$tool" run --on-violation=$violation $options -- "${attack[@]}"
    # shellcheck disable=SC2086
    expect 0 "$tool" run --on-violation=$violation $options -- \
      "${attack[@]}" 1 quiet
    expect 0 "$tool" run --on-violation=$violation --dlopen=skip -- \
      "${attack[@]}"
  done
  # There, dlclose itself does what the seal forbids.
  expect 125 "$tool" run --on-violation=$violation --dlopen=seal -- \
    "${attack[@]}"
done
expect 0 "$tool" run --on-violation=report --dlopen=seal -- "${attack[@]}" 1 \
  quiet

# musl: a dlopen of ours seals afterwards.
if command -v musl-gcc >/dev/null; then
  mkdir "$dir/musl"
  musl-gcc -g -O1 "$source" -o "$dir/musl/program"
  musl-gcc -g -O1 -shared -fPIC -DLIBRARY "$source" -o "$dir/musl/late.so"
  musl=("$dir/musl/program" "$dir/musl/late.so")
  expect 0 "${musl[@]}"
  expect 159 "$tool" run --on-violation=kill -- "${musl[@]}"
  said=$("$tool" run --on-violation=report -- "${musl[@]}" 2>&1) &&
    fail "musl: the attack works"
  [[ $said == *"on text of $dir/musl/late.so"*denied* ]] || fail "musl: $said"
fi

# Nobody asked for them to be sealed.
expect 0 "$tool" run --on-violation=report --dlopen=skip -- "${attack[@]}"
expect 0 "$tool" run --on-violation=report --except='late.so' -- "${attack[@]}"

# What a child opens is reported, too.
said=$("$tool" run --on-violation=report -- sh -c "${attack[*]}; :" 2>&1)
[[ $said == *"on text of $dir/late.so"*denied* ]] || fail "a child: $said"

# The keeper of an outer run tells nothing: that is said, and violations are denied.
inner=("$tool" run --on-violation=report)
said=$("$tool" run --engine=keeper -- "${inner[@]}" -- "${attack[@]}" 2>&1) &&
  fail "allowed inside of --engine=keeper"
[[ $said == *"cannot be reported: this runs under the keeper of another"* ]] ||
  fail "not told: $said"
expect 125 "$tool" run --engine=keeper -- "${inner[@]}" --require -- \
  "${attack[@]}"

# trace permits it, and names the late object and its caller.
said=$("$tool" trace -- "${attack[@]}" 4 2>&1) || fail "trace denies: $said"
for word in 'would have denied 4 calls' '4 x mprotect on text' \
  'from unlock_itself' '--except=late.so'; do
  [[ $said == *"$word"* ]] || fail "the summary lacks '$word': $said"
done
said=$("$tool" trace --except=late.so -- "${attack[@]}" 2>&1)
[[ $said == *'would have broken nothing'* ]] || fail "not watched: $said"
echo OK
