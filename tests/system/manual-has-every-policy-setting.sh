#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# memseal.toml(5) tells of every setting that a policy may have, and of the words
# that `memseal run --help` names for it.
. "$(dirname "$0")/common.inc"
manual=$SOURCE/docs/man/memseal.toml.5
help=$("$BUILD/memseal-tool" run --help)
settings='engine dlopen how on-violation provide-mseal report relro segments
  types at-exit slots require inherit'
for setting in $settings; do
  # The manual is not ahead of the program: it takes the setting.
  echo "$setting = 7" >"$work/policy.toml"
  "$memseal" policy check "$work/policy.toml" >"$work/said" 2>&1 || true
  not grep -q 'there is no setting' "$work/said"
  section=$(sed -n "/^\.It Ic \"$setting = /,/^\.It/p" "$manual")
  [[ -n $section ]] || { echo "memseal.toml(5) has no $setting"; exit 1; }
  words=$(sed -nE "s/^ *--$setting \[?=?([a-z|-]+\|[a-z-]+).*/\1/p" <<<"$help")
  for word in ${words//|/ }; do
    grep -qw -- "$word" <<<"$section" ||
      { echo "memseal.toml(5) does not tell of $setting's $word"; exit 1; }
  done
done
# The program is not ahead of the manual: its own list has no further ones.
own=$(sed -n '/keys{/,/};/p' "$SOURCE/src/policy/policy_file.cc" |
  grep -oE '"[a-z-]+"' | tr -d '"')
[[ $(wc -w <<<"$own") -ge 8 ]]
for setting in $own; do
  [[ " ${settings//$'\n'/ } " == *" $setting "* ]] ||
    { echo "this test and memseal.toml(5) do not know $setting"; exit 1; }
done
echo 'unheard-of = 7' >"$work/policy.toml" # control
exits_nonzero "$memseal" policy check "$work/policy.toml"
says 'there is no setting'
