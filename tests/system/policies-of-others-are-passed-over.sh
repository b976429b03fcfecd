#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# HOME may be another user's (sudo -E): a policy there is obeyed only if nobody
# else could have written it. None is waited for.
. "$(dirname "$0")/common.inc"
((EUID == 0)) || skip "needs root, to give files away"
export XDG_CONFIG_HOME=$work/home
policy=$XDG_CONFIG_HOME/memseal/true.toml
mkdir -p "${policy%/*}"
printf 'report = "%s"\n' "$work/report" >"$policy"

# obeyed, passed_over: whether the policy's report was written.
obeyed() {
  rm -f "$work/report"
  exits 0 "$memseal" run -- true
  [[ -s $work/report && ! -s $work/said ]]
}
passed_over() {
  rm -f "$work/report"
  exits 0 "$memseal" run -- true
  says "'$policy' $1: it is passed over"
  [[ ! -e $work/report ]]
  exits 0 "$memseal" policy show true
  says "no policy applies"
}
obeyed
chown 65534 "$policy"
passed_over "belongs to another user"
# Who names it means it.
exits 0 "$memseal" run --policy="$policy" -- true
[[ -s $work/report ]]
chown 0 "$policy"
obeyed
for mode in 664 646; do
  chmod "$mode" "$policy"
  passed_over "may be written to by other users"
done
chmod 644 "$policy"
obeyed
chown 65534 "${policy%/*}"
passed_over "is in a folder that belongs to another user"
chown 0 "${policy%/*}"
chmod 777 "${policy%/*}"
passed_over "is in a folder that may be written to by other users"
chmod 755 "${policy%/*}"
obeyed

# A pipe without a writer, a terminal, a device: an error, at once if it was
# found, in time if it was named.
rm "$policy"
mkfifo "$policy"
exits 125 timeout 60 "$memseal" run -- true
says "'$policy' cannot be read: it is no regular file"
exits 125 timeout 60 "$memseal" run --policy="$policy" -- true
says "nobody has written to it"
exits 125 timeout 60 "$memseal" run --policy=/dev/zero -- true
says "too large"
# The control: one that somebody writes to is read.
exits 0 timeout 60 "$memseal" run \
  --policy=<(printf 'report = "%s"\n' "$work/report") -- true
