#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `memseal enable` writes a drop-in that systemd takes and in whose environment
# the unit's own command runs sealed; `disable` removes exactly that file.
. "$(dirname "$0")/common.inc"
need systemd-analyze
needs_mseal
root=$work/root
units=$root/lib/systemd/system
changes=$root/etc/systemd/system
mkdir -p "$units" "$changes" "$root/bin" "$root/etc/memseal"
cp "$(command -v sleep)" "$root/bin/sleep"
enable=("$memseal" enable --root "$root")
disable=("$memseal" disable --root "$root")
drop_in=$changes/nap.service.d/50-memseal.conf

# unit NAME LINE...: a service of these lines.
unit() {
  local name=$1
  shift
  printf '%s\n' '[Unit]' 'Description=A test' '[Service]' "$@" \
    >"$units/$name.service"
}
unit nap 'Type=simple' 'ExecStart=-/bin/sleep \' '# between' '  30'

# The command in the environment that the drop-in sets, as systemd reads it:
# it is sealed, and not without.
exits 0 "${enable[@]}" nap
SYSTEMD_UNIT_PATH=$changes:$units: \
  systemd-analyze verify --man=no nap.service 2>"$work/verify" || {
  cat "$work/verify" >&2
  exit 1
}
not grep -F 50-memseal "$work/verify"
assignments=()
while IFS= read -r line; do
  assignments+=("$line")
done < <(sed -n 's/^Environment="\(.*\)"$/\1/p' "$drop_in")
((${#assignments[@]} >= 2))
start() {
  env -i "$@" /bin/sleep 30 &
  servers+=($!)
  wait_for grep -q sleep "/proc/$!/comm"
  sleep 0.2
}
start
exits 1 "$memseal" status "${servers[-1]}"
start "${assignments[@]}"
exits 0 "$memseal" status "${servers[-1]}"

# A percent sign, a quote and a backslash arrive as they are.
printf 'report = %s\n' "'/tmp/a%b\"c\\d'" >"$root/etc/memseal/sleep.toml"
exits 0 "${enable[@]}" nap
grep -qF 'MEMSEAL_OPTIONS=report=/tmp/a%%b\"c\\d"' "$drop_in"
grep -qF '# Policy: /etc/memseal/sleep.toml.' "$drop_in"
exits 0 "${enable[@]}" --policy=none nap
not grep -q report "$drop_in"
echo 'engine = "filter"' >"$work/exact.toml"
exits 0 "${enable[@]}" --policy="$work/exact.toml" nap
grep -q 'MEMSEAL_OPTIONS=engine=filter;no-inherit"' "$drop_in"
echo 'on-violation = "kill"' >"$work/kill.toml"
exits 0 "${enable[@]}" --policy="$work/kill.toml" nap
grep -q 'MEMSEAL_OPTIONS=no-inherit;on-violation=kill"' "$drop_in"
# What needs a process beside the service is refused, not written in vain.
for policy in 'engine = "keeper"' 'engine = "strict"' \
  'on-violation = "report"'; do
  echo "$policy" >"$work/beside.toml"
  exits 1 "${enable[@]}" --policy="$work/beside.toml" nap
  says "needs a process beside the service"
done

# What the unit or the user has in these variables is kept.
unit own 'Environment=A=b "GLIBC_TUNABLES=glibc.malloc.check=1"' \
  'ExecStart=/bin/sleep 30'
exits 0 "${enable[@]}" own
grep -q 'GLIBC_TUNABLES=glibc.malloc.check=1:glibc.rtld.opt' \
  "$changes/own.service.d/50-memseal.conf"

# A list of allowed calls gets the one that is needed; a list of forbidden ones
# stays as it is.
unit allow 'SystemCallFilter=@system-service' 'ExecStart=/bin/sleep 30'
exits 0 "${enable[@]}" --policy=none allow
says 'lists the calls it allows'
grep -qx 'SystemCallFilter=mseal' "$changes/allow.service.d/50-memseal.conf"
exits 0 "${enable[@]}" --policy="$work/exact.toml" allow
grep -qx 'SystemCallFilter=mseal seccomp' \
  "$changes/allow.service.d/50-memseal.conf"
unit deny 'SystemCallFilter=~@mount' 'ExecStart=/bin/sleep 30'
exits 0 "${enable[@]}" --policy=none deny
not grep -q SystemCallFilter "$changes/deny.service.d/50-memseal.conf"

# refused NAME SENTENCE: and nothing is written.
refused() {
  exits 1 "${enable[@]}" "$1"
  says "$2"
  [[ ! -e $changes/$1.service.d/50-memseal.conf ]]
}
refused absent "there is no unit 'absent.service'"
ln -s /dev/null "$changes/masked.service"
refused masked "is masked"
unit chroot 'RootDirectory=/srv' 'ExecStart=/bin/sleep 30'
refused chroot 'has a root directory of its own'
unit empty 'Type=oneshot'
refused empty 'has no ExecStart='
unit any 'ExecStart=%h/program'
refused any 'not an absolute path'
mkdir -p "$root/etc/default"
echo 'LD_AUDIT=other.so' >"$root/etc/default/file"
unit file 'EnvironmentFile=-/etc/default/file' 'ExecStart=/bin/sleep 30'
refused file 'sets LD_AUDIT and would win'
if echo 'int main(){}' | cc -x c -static -o "$root/bin/static" - 2>/dev/null; then
  unit static 'ExecStart=/bin/static'
  refused static 'can be sealed only by a tracer, since it has no loader'
fi
echo 'how = "trace"' >"$root/etc/memseal/sleep.toml"
unit kill 'ExecStart=/bin/sleep 30'
refused kill 'only by a tracer, as its policy asks'
echo 'engine = "?"' >"$root/etc/memseal/sleep.toml"
refused kill "sleep.toml:1:10: 'engine' is one of"
rm "$root/etc/memseal/sleep.toml"
exits 2 "${enable[@]}" ../nap
exits 2 "${enable[@]}" nap.socket
exits 2 "${enable[@]}"

# A file of that name that is not ours is neither changed nor removed.
mkdir -p "$changes/kill.service.d"
echo '[Service]' >"$changes/kill.service.d/50-memseal.conf"
exits 1 "${enable[@]}" kill
says 'not made by memseal'
exits 1 "${disable[@]}" kill
[[ $(cat "$changes/kill.service.d/50-memseal.conf") == '[Service]' ]]

exits 0 "${enable[@]}" --dry-run nap.service
says 'Environment="LD_AUDIT='
exits 0 "${disable[@]}" --dry-run nap
[[ -e $drop_in ]]
echo '[Service]' >"$changes/nap.service.d/60-mine.conf"
exits 0 "${disable[@]}" nap
[[ ! -e $drop_in && -e $changes/nap.service.d/60-mine.conf ]]
exits 0 "${disable[@]}" own
[[ ! -e $changes/own.service.d ]]
exits 0 "${disable[@]}" nap
says "unchanged: 'nap.service' is not enabled"

# Debian's own nginx.
nginx=/lib/systemd/system/nginx.service
if [[ -e $nginx && -x /usr/sbin/nginx ]]; then
  mkdir -p "$root/usr/sbin"
  cp "$nginx" "$units/"
  cp /usr/sbin/nginx "$root/usr/sbin/"
  exits 0 "${enable[@]}" nginx
  mapfile -t assignments < <(sed -n 's/^Environment="\(.*\)"$/\1/p' \
    "$changes/nginx.service.d/50-memseal.conf")
  port=$(free_port)
  cat >"$work/nginx.conf" <<END
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  server { listen 127.0.0.1:$port; location / { return 200 "alive"; } }
}
END
  # As Type=forking has it: the main process is the one of the PID file.
  env -i "${assignments[@]}" /usr/sbin/nginx -c "$work/nginx.conf" \
    -g 'daemon on; master_process on;'
  wait_for test -s "$work/nginx.pid"
  main=$(cat "$work/nginx.pid")
  status=0
  [[ $(curl -s "http://127.0.0.1:$port/") == alive ]] || status=1
  for pid in $main $(pgrep -P "$main"); do
    "$memseal" status "$pid" >"$work/status" || status=1
  done
  kill -QUIT "$main"
  ((status == 0)) || cat "$work/status" >&2
  exit "$status"
fi
