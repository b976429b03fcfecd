#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installed tree works where it lies: the launcher finds the tool, and the
# tool, which lies in another folder, finds the modules.
. "$(dirname "$0")/common.inc"
need cmake
needs_mseal
tree=$work/tree
cmake --install "$BUILD" --prefix "$tree" >/dev/null
memseal=$tree/bin/memseal

# Nothing may be found in the build directory.
[[ ! -e $tree/bin/memseal-tool && ! -e $tree/bin/libmemseal-audit.so ]]

loads_from_tree() {
  exits 0 "$@" grep -h -E 'libmemseal-(audit|preload)' /proc/self/maps
  says "$(realpath "$tree")/lib/memseal/libmemseal-"
}
for name in "$memseal" "$tree/libexec/memseal/memseal-tool"; do
  loads_from_tree "$name" run --
  loads_from_tree "$name" run --how=preload --
  "$name" doctor --json >"$work/doctor.json" || true
  grep -q '"loader_module": *true' "$work/doctor.json"
done
# However it is called, its module is loaded once.
exits 0 "$memseal" run -- "$tree/libexec/memseal/memseal-tool" run -- \
  "$tree/bin/../bin/memseal" run --require -- \
  sh -c 'echo "[$LD_AUDIT]"; exec "$0"' "$BUILD/examples/attack"
grep -qE '^\[[^:]*\]$' "$work/said"
not grep -F 'ld.so' "$work/said"

# A policy file makes the launcher call the tool, which must find the modules.
echo 'require = true' >"$work/policy.toml"
loads_from_tree "$memseal" run --policy="$work/policy.toml" --

exits 0 "$memseal" trace -- true
says 'suggested'

# Started by a link in another directory, as /usr/local/bin may hold.
ln -s "$memseal" "$work/link"
loads_from_tree "$work/link" run --

mkdir -p "$work/root/etc/systemd/system"
printf '[Service]\nExecStart=/bin/sleep 9\n' >"$work/root/etc/systemd/system/nap.service"
mkdir -p "$work/root/bin"
cp /bin/sleep "$work/root/bin/"
exits 0 "$memseal" enable nap --root "$work/root"
grep -qF "LD_AUDIT=$(realpath "$tree")/lib/memseal/libmemseal-audit.so" \
  "$work/root/etc/systemd/system/nap.service.d/50-memseal.conf"

for file in share/man/man1/memseal.1 share/man/man3/memseal.3 \
  share/man/man3/memseal_arena.3 \
  share/bash-completion/completions/memseal \
  share/zsh/site-functions/_memseal \
  share/fish/vendor_completions.d/memseal.fish \
  share/memseal/report.schema.json; do
  [[ -s $tree/$file ]]
done
