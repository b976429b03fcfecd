#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mistakes on the command line end with 125 and a sentence; help with 0.
. "$(dirname "$0")/common.inc"

mistake() {
  local sentence=$1
  shift
  exits 125 "$memseal" "$@"
  says "memseal: "
  says "$sentence"
}

mistake "a verb is missing"
mistake "there is no verb 'fly'" fly
mistake "the program to run is missing" run
mistake "the program to run is missing" run --strict --
mistake "there is no option --colour" run --colour true
mistake "'magic' is not one of auto|native|filter|keeper|strict" run --engine=magic true
mistake "--dlopen" run --dlopen= true
mistake "--how" run --how
mistake "--strict takes no value" run --strict=foo true
mistake "--only has nothing behind the '='" run --engine native --only= -- true
mistake "--require takes no value" run --only x --require=yes true

exits 0 "$memseal" --help
says "run "
exits 0 "$memseal" run --help
# Every option that the parser knows is in the help, and the other way round.
for option in engine strict only except dlopen require report no-inherit how; do
  says "--$option"
done

# The launcher without its tool still says what is wrong.
cp "$memseal" "$work/memseal"
exits 125 "$work/memseal" run --help
says "memseal-tool"
