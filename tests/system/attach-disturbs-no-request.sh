#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nginx under wrk and redis under redis-benchmark are sealed while they work,
# again and again, and not one request fails.
. "$SOURCE/tests/system/trace-common.inc"
missing=()
for command in nginx wrk redis-server redis-benchmark; do
  command -v "$command" >/dev/null || missing+=("$command")
done
((${#missing[@]} == 0)) || skip "missing: ${missing[*]}"

wait_for() {
  for _ in $(seq 200); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.02
  done
  fail "nobody listens on $1"
}
free_port() {
  python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'
}
# sealed PID: whether the program's own text is.
sealed() {
  awk -v exe="$(readlink "/proc/$1/exe")" '
    /^[0-9a-f]+-[0-9a-f]+ / { text = $2 ~ /x/ && $NF == exe }
    /^VmFlags:/ && text { found = 1; if (!/ sl( |$)/) open = 1 }
    END { exit !(found && !open) }' "/proc/$1/smaps"
}

web=$(free_port)
mkdir -p "$dir/www"
echo hello >"$dir/www/index.html"
chmod 755 "$dir" "$dir/www"
cat >"$dir/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 256; }
http {
  access_log off;
  server { listen 127.0.0.1:$web; root $dir/www; }
}
CONF
nginx -c "$dir/nginx.conf" -p "$dir" 2>/dev/null &
pids+=($!)
nginx=$!
wait_for "$web"
worker=$(cat "/proc/$nginx/task/$nginx/children")
worker=${worker%% *}
sealed "$worker" && fail "nginx is sealed before anybody did it"
wrk -t1 -c16 -d3s "http://127.0.0.1:$web/" >"$dir/wrk" &
load=$!
for _ in 1 2 3 4 5; do
  sleep 0.4
  "$tool" attach "$nginx" "$worker" >/dev/null
done
wait "$load"
grep -q 'requests in' "$dir/wrk" || fail "wrk did not work"
grep -E 'Non-2xx|Socket errors' "$dir/wrk" && fail "nginx failed requests"
if ! { sealed "$worker" && sealed "$nginx"; }; then
  fail "nginx is not sealed"
fi

store=$(free_port)
redis-server --port "$store" --save '' --dir "$dir" >"$dir/redis.log" &
pids+=($!)
redis=$!
wait_for "$store"
redis-benchmark -p "$store" -n 60000 -c 16 -t set,get -q >"$dir/bench" 2>&1 &
load=$!
for _ in 1 2 3 4 5; do
  "$tool" attach "$redis" >/dev/null
  sleep 0.2
done
wait "$load" || fail "redis-benchmark failed"
grep -qi 'error' "$dir/bench" && fail "redis failed requests"
[[ $(grep -c 'requests per second' "$dir/bench") -ge 2 ]] ||
  fail "redis-benchmark did not finish"
sealed "$redis" || fail "redis is not sealed"
echo OK
