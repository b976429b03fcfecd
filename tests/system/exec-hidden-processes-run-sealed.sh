#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processes that the keeper may not look into work as they do unsealed, and are
# sealed: undumpable ones, those of another user in a container's capabilities,
# programs that may be executed and not read.
. "$(dirname "$0")/common.inc"
need gcc setpriv
gcc -O1 "$SOURCE/tests/system/programs/hides.c" -o "$work/hides"
gcc -O1 -no-pie "$SOURCE/tests/system/programs/hides.c" -o "$work/fixed"

# user COMMAND...: as an ordinary user.
user() {
  if ((EUID == 0)); then
    setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
  else
    "$@"
  fi
}

for hides in "$work/hides" "$work/fixed"; do
  for who in itself child; do
    # The twin: unsealed both attacks succeed.
    exits 1 user "$hides" undumpable $who
    for engine in keeper strict; do
      run=("$memseal" run "--engine=$engine" --require --)
      exits 0 user "${run[@]}" "$hides" not $who
      exits 0 user "${run[@]}" "$hides" undumpable $who
      # What an undumpable process executes may be looked into again.
      exits 0 user "${run[@]}" "$hides" undumpable $who "$hides" undumpable $who
    done
  done
done

# A program that may not be read, at addresses that other images have sealed.
run=("$memseal" run --engine=keeper --require --)
alone='for i in 1 2 3; do "$1" not itself || exit; done'
again="$alone; for i in 1 2 3; do \"\$1\" not child || exit; done"
exits 0 user "${run[@]}" setarch -R bash -c "$again" - "$work/fixed"
chmod 711 "$work/hides" "$work/fixed"
for hides in "$work/hides" "$work/fixed"; do
  exits 1 user "$hides" not itself
  exits 0 user "${run[@]}" bash -c "$again" - "$hides"
  # Of a copy of what it cannot see the keeper knows no more than what was ever
  # sealed in the tree: without randomisation that is in its way.
  exits 0 user "${run[@]}" setarch -R bash -c "$alone" - "$hides"
  exits 0 user "${run[@]}" bash -c "exec $hides not child $hides not itself"
done

((EUID == 0)) || exit 0
# Docker's capabilities: root, and no CAP_SYS_PTRACE.
contained=(setpriv --bounding-set
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap')
for hides in "$work/hides" "$work/fixed"; do
  for who in itself child; do
    exits 1 "${contained[@]}" "$hides" user $who
    for how in user undumpable; do
      exits 0 "${contained[@]}" "${run[@]}" "$hides" $how $who
      exits 0 "${contained[@]}" "${run[@]}" "$hides" $how $who "$hides" not child
    done
  done
done

# nginx with `user`: its workers change their user.
need nginx curl
port=$(free_port)
mkdir "$work/logs"
echo hello >"$work/page"
cat >"$work/nginx.conf" <<X
daemon off; user nobody nogroup; worker_processes 2; pid $work/pid;
error_log $work/logs/error notice; events { worker_connections 64; }
http { access_log off; client_body_temp_path $work/b; proxy_temp_path $work/p;
  fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 127.0.0.1:$port; location / { root $work; gzip on; } } }
X
"${contained[@]}" "$memseal" run --engine=keeper --require --report="$work/report" \
  -- nginx -p "$work" -c "$work/nginx.conf" &
servers+=($!)
master=$!
wait_for curl -sf "http://127.0.0.1:$port/page"
workers=$(pgrep -P "$master" nginx | sort)
[[ $(wc -w <<<"$workers") == 2 ]]
for i in $(seq 200); do curl -sf --compressed "http://127.0.0.1:$port/page" >/dev/null; done
# The same workers: none has died.
[[ $(pgrep -P "$master" nginx | sort) == "$workers" ]]
not grep -E 'exited on signal|alert' "$work/logs/error"
grep -q ' text sealed keeper$' "$work/report"
kill -QUIT "$master"
wait "$master"
servers=()
