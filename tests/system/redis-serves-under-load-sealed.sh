#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# redis-server, with jemalloc and its Lua scripts, works under load, sealed.
# matrix: python3 redis-server redis-cli redis-benchmark
. "$(dirname "$0")/common.inc"
need redis-server redis-cli redis-benchmark

# jemalloc wants more static thread-local storage than an audited start has:
# without the tunable, redis does not start.
exits_nonzero env LD_AUDIT="$BUILD/libmemseal-audit.so" redis-server --version
says "static TLS block"
exits 0 "$memseal" run -- redis-server --version
exits 0 "$memseal" run --no-inherit -- redis-server --version
exits 0 "$memseal" run -- sh -c 'redis-server --version'

port=$(free_port)
"$memseal" run -- redis-server --bind 127.0.0.1 --port "$port" --save '' \
  --dir "$work" --appendonly yes >"$work/log" &
server=$!
servers+=("$server")
cli() { redis-cli -p "$port" "$@"; }
wait_for cli ping
redis-benchmark -p "$port" -q -n "${REQUESTS:-20000}" -c 20 -t set,get,lpush,incr >"$work/load"
[[ $(tr '\r' '\n' <"$work/load" | grep -c 'requests per second') -ge 4 ]]
[[ $(cli eval 'local s=0 for i=1,1000 do s=s+i end return s' 0) == 500500 ]]
cli set key value >/dev/null
cli bgrewriteaof >/dev/null
wait_for bash -c "redis-cli -p $port info persistence | grep -q 'aof_rewrite_in_progress:0'"
[[ $(cli get key) == value ]]
$unsealed "$server" >"$work/said" || { cat "$work/said" >&2; exit 1; }
cli shutdown nosave || true
wait "$server"
servers=()
