#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The completions are what make-completions makes of --help now, they hold every
# verb and long option, and bash's completes in a real bash.
. "$(dirname "$0")/common.inc"
completions=$SOURCE/packaging/completions
mkdir "$work/new"
/usr/bin/python3 "$SOURCE/tools/make-completions" "$BUILD/memseal-tool" "$work/new"
diff -r "$work/new" "$completions" || {
  echo "run tools/make-completions BUILD/memseal-tool packaging/completions" >&2
  exit 1
}

# Read from --help once more, by other means than the generator's.
verbs=$("$BUILD/memseal-tool" --help | awk '/^  [a-z]/ { print $1 }' |
  grep -vx keep-seals)
[[ $verbs == *status* && $verbs == *policy* ]]
for verb in $verbs; do
  options=$("$BUILD/memseal-tool" "$verb" --help |
    grep -oE '^ {2,4}(-[a-zA-Z], ?)?--[a-z-]+' | grep -oE '\-\-[a-z-]+')
  for file in memseal _memseal memseal.fish; do
    grep -qw -- "$verb" "$completions/$file"
    for option in $options; do
      case $file in
        memseal) sed -n "/^    $verb)\$/,/;;/p" "$completions/$file" ;;
        _memseal) sed -n "/^        $verb)\$/,/;;/p" "$completions/$file" ;;
        *) grep -- "from $verb'" "$completions/$file" |
          sed 's/ -l / --/' ;;
      esac >"$work/section"
      grep -qE -- "$option(\$|[^a-z-])" "$work/section" || {
        echo "$file does not know $verb $option" >&2
        exit 1
      }
    done
  done
done
bash -n "$completions/memseal"
if command -v zsh >/dev/null; then zsh -n "$completions/_memseal"; fi
if command -v fish >/dev/null; then fish -n "$completions/memseal.fish"; fi

loader=/usr/share/bash-completion/bash_completion
[[ -r $loader ]] || skip "bash-completion is not installed (the rest passed)"
# offers WORD LINE...: the last word of the line is completed to WORD, among
# others.
complete_line() {
  bash --norc -c '
    . "$1"; . "$2"; shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
    _memseal memseal "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf "%s\n" "${COMPREPLY[@]}"' - "$loader" "$completions/memseal" "$@"
}
offers() {
  local word=$1
  shift
  # compopt complains that no completion is going on.
  complete_line "$@" >"$work/offers" 2>"$work/complaints" || true
  grep -qxF -- "$word" "$work/offers" || {
    echo "'$*' does not offer $word but:" >&2
    cat "$work/offers" >&2
    return 1
  }
}
cd "$work"
touch my-policy.toml
mkdir folder
offers status memseal st
offers --unsealed memseal status --un
complete_line memseal probe --un 2>/dev/null | not grep unsealed
offers strict memseal run --engine st
offers trace-children memseal run --how=tra
offers check memseal policy ch
offers my-policy.toml memseal policy check my
offers my-policy.toml memseal run --policy my
offers folder memseal enable --root fo
offers $$ memseal status "${$:0:1}" || offers $$ memseal status $$
offers bash memseal run --require -- bas
offers bash memseal trace bas
# Behind the program it is the program's turn.
offers my-policy.toml memseal run --engine native -- cat my
complete_line memseal run -- cat --en 2>/dev/null | not grep engine
