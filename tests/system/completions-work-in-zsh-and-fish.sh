#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# zsh, at a terminal, and fish complete verbs, options and the values of options.
. "$(dirname "$0")/common.inc"
need zsh fish
completions=$SOURCE/packaging/completions
export HOME=$work TERM=dumb

# zsh's own way to be looked at: an interactive one at a pseudo-terminal.
cat >"$work/look.zsh" <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D
  print RE''ADY"
zpty -r -m shell line '*READY*'
zpty -w -n shell $2$'\t'
zpty -r -m shell line "*$3*"
END
# in_zsh TYPED SHOWN: typing this and a tab shows that, within so many seconds.
in_zsh() {
  timeout "${3:-60}" zsh -f "$work/look.zsh" "$completions" "$1" "$2"
}
in_zsh 'memseal sta' 'memseal status'
in_zsh 'memseal run --stri' 'memseal run --strict'
in_zsh 'memseal run --engine=stri' 'memseal run --engine=strict'
in_zsh 'memseal status --unse' 'memseal status --unsealed'
not in_zsh 'memseal probe --unse' unsealed 3 # control: not probe's option

# in_fish TYPED OFFERED
in_fish() {
  fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
    "$completions/memseal.fish" "$1" | cut -f1 | grep -xF -- "$2" >&2
}
in_fish 'memseal sta' status
in_fish 'memseal run --stri' --strict
in_fish 'memseal run --engine ' strict
in_fish 'memseal status --unse' --unsealed
not in_fish 'memseal probe --unse' --unsealed
