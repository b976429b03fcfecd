#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The environment carries the module to children, beside what the user put
# there, and grows by nothing else.
. "$(dirname "$0")/common.inc"

attack=$BUILD/examples/attack

# variable NAME: its value in what `exits` captured.
variable() { sed -n "s/^$1=//p" "$work/said"; }

exits 0 env -i A=1 /usr/bin/env
[[ $(cat "$work/said") == A=1 ]]
exits 0 env -i A=1 "$memseal" run -- /usr/bin/env
[[ $(cut -d= -f1 "$work/said" | sort | xargs) == \
  'A GLIBC_TUNABLES LD_AUDIT MEMSEAL_OPTIONS' ]]
# That is enough for a child to be sealed.
exits 1 env -i A=1 sh -c "$attack; exit \$?"
exits 0 env -i A=1 "$memseal" run -- sh -c "$attack; exit \$?"

# Others' settings stay, ours come in addition.
name=glibc.rtld.optional_static_tls
tunables() {
  exits 0 env GLIBC_TUNABLES="$1" "$memseal" run -- /usr/bin/env
  variable GLIBC_TUNABLES
}
[[ $(tunables glibc.malloc.check=0) == "glibc.malloc.check=0:$name=4096" ]]
[[ $(tunables "a=1:$name=7:b=2") == "a=1:b=2:$name=4096" ]]
[[ $(tunables "$name=7") == "$name=4096" ]]
[[ $(tunables "a=1:$name=7") == "a=1:$name=4096" ]]
[[ $(tunables "$name=8192") == "$name=8192" ]]

gcc -shared -fPIC -nostdlib -o "$work/other.so" -x c - <<X
unsigned la_version(unsigned v) { return v; }
X
exits 0 env LD_AUDIT="$work/other.so" "$memseal" run -- /usr/bin/env
[[ $(variable LD_AUDIT) == *":$work/other.so" ]]
exits 0 env LD_AUDIT="$work/other.so" "$memseal" run --require -- \
  sh -c "$attack; exit \$?"

# memseal under memseal brings no second module, and the first seals.
exits 0 "$memseal" run -- /usr/bin/env
once=$(variable LD_AUDIT)
exits 0 "$memseal" run -- "$memseal" run -- /usr/bin/env
[[ $(variable LD_AUDIT) == "$once" ]]
exits 0 "$memseal" run -- "$memseal" run --require -- "$attack"

# Another library whose name begins like the module's is not the module.
audit=$work/libmemseal-audit.so
cp "$BUILD"/libmemseal-{audit,provide}.so "$work/"
cp "$work/other.so" "$audit.backup.so"
ln -s "$BUILD/memseal" "$BUILD/memseal-tool" "$work/"
exits 1 env LD_AUDIT="$audit.backup.so" "$attack" # control
exits 0 env LD_AUDIT="$audit.backup.so" "$work/memseal" run --require -- "$attack"
not grep -F 'ld.so' "$work/said"
exits 0 env LD_PRELOAD="$work/libmemseal-provide.so.backup.so" "$work/memseal" \
  run --provide-mseal=always -- /usr/bin/env
[[ $(variable LD_PRELOAD) == \
  "$work/libmemseal-provide.so:$work/libmemseal-provide.so.backup.so" ]]

# Under another name the module is the module, wherever it stands in the list.
mkdir "$work/in"
ln -s libmemseal-audit.so "$work/also.so"
for name in "$work/in/../libmemseal-audit.so" "$work/also.so"; do
  for list in "$name" "$work/other.so:$name" "$name:$work/other.so"; do
    exits 0 env LD_AUDIT="$list" "$work/memseal" run -- /usr/bin/env
    [[ $(variable LD_AUDIT) == "$list" ]]
    exits 0 env LD_AUDIT="$list" "$work/memseal" run --require -- "$attack"
    # For --no-inherit, too, which leaves what is not ours.
    exits 1 env LD_AUDIT="$list" "$work/memseal" run --no-inherit \
      -- sh -c "echo \"[\$LD_AUDIT]\"; $attack; exit \$?"
    says "[$([[ $list == "$name" ]] || echo "$work/other.so")]"
  done
done

# --no-inherit: children find the user's environment.
exits 0 env -i A=1 "$memseal" run --no-inherit -- /bin/sh -c /usr/bin/env
not grep -E '^(LD_AUDIT|LD_PRELOAD)=' "$work/said"
exits 1 "$memseal" run --no-inherit -- sh -c "$attack; exit \$?"

# Options travel with their paths made absolute.
cd "$work"
exits 0 "$memseal" run --dlopen=skip --only='*' --except 'libz*' --report=r.txt \
  -- /usr/bin/env
[[ $(variable MEMSEAL_OPTIONS |
  sed -E 's/;(launched|standard-error)=[0-9a-f:]*//g') == \
  "dlopen=skip;only=*;except=libz*;report=$(pwd -P)/r.txt" ]]
[[ -s r.txt ]]
