#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL: initdb, a server and queries with its JIT, sealed.
. "$(dirname "$0")/common.inc"
needs_mseal
need setpriv
installed=(/usr/lib/postgresql/*/bin)
bin=${installed[-1]}
[[ -x $bin/initdb ]] || skip "PostgreSQL is not installed"

# PostgreSQL refuses to be root; the other user must be able to read memseal.
mkdir "$work/m" "$work/d"
cp "$BUILD"/memseal "$BUILD"/memseal-tool "$BUILD"/libmemseal-*.so "$work/m"
user=()
if ((EUID == 0)); then
  id postgres >/dev/null 2>&1 || skip "there is no user postgres"
  user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  chown -R postgres "$work/d"
fi
sealed() { "${user[@]}" "$work/m/memseal" run -- "$@"; }
cd "$work/d"

sealed "$bin/initdb" -D "$work/d/data" -A trust -N --locale=C >"$work/log"
port=$(free_port)
"${user[@]}" "$work/m/memseal" run -- "$bin/postgres" -D "$work/d/data" -p "$port" \
  -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
  -c jit_above_cost=0 -c jit_optimize_above_cost=0 >>"$work/log" 2>&1 &
server=$!
servers+=("$server")
query() {
  "${user[@]}" "$bin/psql" -h 127.0.0.1 -p "$port" -U "${1}" -d postgres -Atqc "$2"
}
owner=$(id -un)
((EUID)) || owner=postgres
wait_for query "$owner" 'select 1'
query "$owner" 'create table t as select i, md5(i::text) m from generate_series(1, 20000) i;
  create index on t (m); analyze t'
[[ $(query "$owner" 'select count(*), sum(i), min(m) from t where i % 7 = 0') == \
  '2857|28578571|'* ]]
[[ $(query "$owner" "select version() like 'PostgreSQL%'") == t ]]

$unsealed "$server" >"$work/said" || { cat "$work/said" >&2; exit 1; }
for pid in $(pgrep -P "$server"); do $unsealed "$pid" >"$work/said"; done
kill -INT "$server"
wait "$server" || true
servers=()
