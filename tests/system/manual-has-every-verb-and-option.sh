#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever --help names is in memseal(1); whatever memseal.h and memseal_arena.h
# declare is in memseal(3) and memseal_arena(3).
set -euo pipefail
manual=$SOURCE/docs/man/memseal.1 status=0

# has KIND NAME: whether the manual page has it as mdoc writes it.
missing() {
  echo "$1" >&2
  status=1
}

verbs=$("$BUILD/memseal-tool" --help |
  sed -n 's/^  \([a-z-]\{2,\}\)  *[a-z].*/\1/p')
[[ $verbs == *status* ]] || missing "--help names no verb: $verbs"
for verb in $verbs; do
  grep -q "^\.Ss memseal $verb\$" "$manual" ||
    missing "memseal(1) has no section about '$verb'"
  section=$(sed -n "/^\.Ss memseal $verb\$/,/^\.S[sh]/p" "$manual")
  [[ $verb == keep-seals ]] && continue # has no options
  options=$("$BUILD/memseal-tool" "$verb" --help |
    grep -oE '^ {2,4}(-[a-zA-Z], ?)?--[a-z-]+' | grep -oE '\-\-[a-z-]+' | sort -u)
  [[ -n $options ]] || missing "$verb --help names no option"
  for option in $options; do
    [[ $option == --help ]] && continue
    grep -qE -- "Fl -${option#--}( |\$)" <<<"$section" ||
      missing "memseal(1) does not tell of $verb $option"
  done
done

for header in memseal memseal_arena; do
  functions=$(grep -oE '\bmemseal(_[a-z]+)*\(' \
    "$SOURCE/include/memseal/$header.h" | tr -d '(' | sort -u)
  [[ $functions == *"$header"* ]] || missing "$header.h declares nothing"
  for function in $functions; do
    grep -qE "^\.Fn $function( |\$)" "$SOURCE/docs/man/$header.3" ||
      missing "$header(3) does not tell of $function"
  done
done

for page in "$SOURCE"/docs/man/*.[0-9]; do
  command -v mandoc >/dev/null || break
  mandoc -Tlint -W warning "$page" >&2 || missing "$page is malformed"
done
exit $status
