#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `memseal enable --system` gives all services the environment in which they run
# sealed, leaves the ways back alone, and `disable` leaves nothing; a module
# that cannot be loaded stops no program.
. "$(dirname "$0")/common.inc"
needs_mseal
root=$work/root
units=$root/lib/systemd/system
changes=$root/etc/systemd/system
mkdir -p "$units" "$changes" "$root/bin"
cp "$(command -v sleep)" "$root/bin/sleep"
cp /bin/sh "$root/bin/sh"
enable=("$memseal" enable --root "$root")
disable=("$memseal" disable --root "$root")
for name in nap ssh; do
  printf '[Service]\nExecStart=/bin/sleep 30\n' >"$units/$name.service"
done
ln -s ssh.service "$units/sshd.service"
mkdir "$changes/nap.service.d"
echo '[Service]' >"$changes/nap.service.d/60-mine.conf"
before=$(cd "$root" && find . | sort)

# Twice is once.
exits 0 "${enable[@]}" --system
says "wrote $root/etc/systemd/system/service.d/50-memseal.conf"
exits 0 "${enable[@]}" --system
says 'unchanged'
not grep -q wrote "$work/said"
exits 0 "${enable[@]}" --list
[[ $(<"$work/said") == --system ]]
all=$changes/service.d/50-memseal.conf

# What systemd makes of it: the file for all, or the unit's of the same name.
# effective UNIT: the assignments that a service of this name starts with.
effective() {
  local file=$all
  [[ ! -e $changes/$1.service.d/50-memseal.conf ]] ||
    file=$changes/$1.service.d/50-memseal.conf
  sed -n 's/^Environment="\(.*\)"$/\1/p' "$file"
}
start() {
  mapfile -t assignments < <(effective "$1")
  env -i "${assignments[@]}" /bin/sleep 30 &
  servers+=($!)
  wait_for grep -q sleep "/proc/$!/comm"
  sleep 0.2
}
start nap
exits 0 "$memseal" status "${servers[-1]}"
for way in rescue emergency getty@ console-getty; do
  start "$way"
  exits 1 "$memseal" status "${servers[-1]}"
  grep -q '^UnsetEnvironment=LD_AUDIT ' "$changes/$way.service.d/50-memseal.conf"
done

# One is taken out, by whatever name, and put in again.
exits 0 "${disable[@]}" sshd
start ssh
exits 1 "$memseal" status "${servers[-1]}"
exits 0 "${enable[@]}" sshd
says "wrote $changes/ssh.service.d"
start ssh
exits 0 "$memseal" status "${servers[-1]}"
exits 0 "${enable[@]}" ssh
says unchanged
exits 0 "${enable[@]}" --list
[[ $(<"$work/said") == $'--system\nssh.service' ]]

# Back: nothing is left but what was there.
exits 0 "${disable[@]}" --system
exits 0 "${disable[@]}" --all
exits 0 "${disable[@]}" --all
says 'unchanged: nothing is enabled'
[[ $(cd "$root" && find . | sort) == "$before" ]]

# A file that is not ours: refused as a whole, nothing is half-done.
mkdir -p "$changes/getty@.service.d"
echo '[Service]' >"$changes/getty@.service.d/50-memseal.conf"
exits 1 "${enable[@]}" --system
says 'not made by memseal'
[[ ! -e $all ]]
rm -r "$changes/getty@.service.d"

# A unit that only stands for the instances of a template.
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' >"$units/db.service"
printf '[Service]\nExecStart=/bin/sleep 30\n' >"$units/db@.service"
exits 1 "${enable[@]}" db
says 'only stands for others: enable db@'
exits 0 "${enable[@]}" db@
exits 0 "${disable[@]}" db@

# A module that is not there, or is no module: ld.so says so and goes on.
mapfile -t assignments < <("${enable[@]}" --dry-run --system |
  sed -n '/service\.d\/50/,$s/^Environment="\(.*\)"$/\1/p')
module=${assignments[0]#LD_AUDIT=}
[[ -e $module ]]
for broken in missing garbage empty; do
  case $broken in
    garbage) echo 'no module' >"$work/module.so" ;;
    empty) : >"$work/module.so" ;;
  esac
  env -i LD_AUDIT="$work/module.so" /bin/sh -c 'exec /bin/true' 2>/dev/null
done
# And the rehearsal notices before anything is switched on.
if ((EUID == 0)) && unshare --mount true 2>/dev/null; then
  exits 1 unshare --mount bash -c '
    mount --bind "$1" "$2" && exec "$3" enable --system' - \
    "$work/module.so" "$module" "$memseal"
  says 'nothing was switched on'
  [[ ! -e /etc/systemd/system/service.d/50-memseal.conf ]]
fi

# A disk that is full while it is written: the old file stays whole.
if ((EUID == 0)) && unshare --mount true 2>/dev/null; then
  # shellcheck disable=SC2016
  exits 3 unshare --mount bash -c '
    etc=$1/etc; mount -t tmpfs -o size=32k,nr_inodes=64 none "$etc"
    mkdir -p "$etc/systemd/system/nap.service.d"
    echo "# Made by memseal: an old one" >"$etc/systemd/system/nap.service.d/50-memseal.conf"
    dd if=/dev/zero of="$etc/rest" bs=1k 2>/dev/null
    "$2" enable --root "$1" nap; code=$?
    cat "$etc/systemd/system/nap.service.d/"*; ls "$etc/systemd/system/nap.service.d"
    exit $code' - "$root" "$memseal"
  says 'cannot be written: No space left'
  says 'an old one'
  not grep -q '\.new' "$work/said"
  exits 3 unshare --mount bash -c '
    mount --bind "$1/etc" "$1/etc" && mount -o remount,ro,bind "$1/etc" &&
    exec "$2" enable --root "$1" nap' - "$root" "$memseal"
  says 'Read-only file system'
fi
exits 2 "${enable[@]}" --system nap
exits 2 "${enable[@]}" $'na\np'
exits 2 "${enable[@]}" 'nap;x'
