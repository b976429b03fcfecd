#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Programs that a loader module cannot seal are never run unsealed in silence.
. "$(dirname "$0")/common.inc"
need gcc
cd "$work"
echo 'int main(void) { return 42; }' >p.c

refuses() {
  local status=$1 sentence=$2
  shift 2
  exits "$status" "$memseal" run "$@"
  says "$sentence"
}

# Setuid and setgid: the loader would ignore the module.
if ((EUID == 0)); then
  gcc -o p p.c
  exits 42 "$memseal" run -- ./p                    # control
  chown nobody:nogroup p && chmod 4755 p
  refuses 125 "gains privileges when executed" -- ./p
  chmod 2755 p
  refuses 125 "gains privileges when executed" -- ./p
  chown root:root p && chmod 4755 p                 # root gains nothing
  exits 42 "$memseal" run -- ./p
fi

# Unreadable, for whoever is not root.
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  gcc -o q p.c && chmod 711 q
  exits 42 "$memseal" run -- ./q                    # control: root may read it
  # The tree may lie where only root can go.
  mkdir -m 755 parts
  cp "$BUILD/memseal" "$BUILD/memseal-tool" "$BUILD"/libmemseal-audit.so parts
  exits 125 setpriv --reuid=65534 --clear-groups parts/memseal run -- ./q
  says "may be executed but not read"
fi

# --no-inherit and a script that env starts: env would be sealed, its child not.
printf '#!/usr/bin/env sh\nexit 42\n' >script && chmod 755 script
exits 42 "$memseal" run -- ./script                 # control
refuses 125 "is started through env" --no-inherit -- ./script

# A path that the loader would cut in two.
mkdir 'a:b'
cp "$BUILD/memseal" "$BUILD/memseal-tool" "$BUILD"/libmemseal-audit.so 'a:b'
exits 125 'a:b/memseal' run -- true
says "has a colon"
