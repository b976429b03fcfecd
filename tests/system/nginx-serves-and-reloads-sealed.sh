#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nginx serves under load, reloads and stops, sealed.
. "$(dirname "$0")/common.inc"
needs_mseal
need nginx wrk curl

port=$(free_port)
mkdir "$work/logs" && chmod 755 "$work"
head -c 100000 /dev/zero | tr '\0' x >"$work/page"
cat >"$work/nginx.conf" <<X
daemon off; worker_processes 2; pid $work/pid; error_log $work/logs/error;
$( ((EUID == 0)) && echo 'user root;')
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path $work/b; proxy_temp_path $work/p;
  fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 127.0.0.1:$port; root $work; location /page { gzip on;
    gzip_types *; } }
}
X
"$memseal" run -- nginx -p "$work" -c "$work/nginx.conf" &
servers+=($!)
master=$!
url=http://127.0.0.1:$port/page
wait_for curl -sf "$url"
curl -sf "$url" | cmp - "$work/page"
curl -sf --compressed "$url" | cmp - "$work/page"

wrk -t1 -c16 -d2s "$url" >"$work/load"
not grep -E 'Socket errors|Non-2xx' "$work/load"
grep -q 'Requests/sec' "$work/load"

# The master and both workers.
for pid in $master $(pgrep -P "$master"); do
  $unsealed "$pid" >"$work/said" || { cat "$work/said" >&2; exit 1; }
done
# New workers after a reload are sealed too: they are forks of a sealed master.
old=$(pgrep -P "$master" | sort)
kill -HUP "$master"
wait_for bash -c "curl -sf $url >/dev/null && [[ \"\$(pgrep -P $master | sort)\" != \"$old\" ]]"
sleep 0.3
for pid in $(pgrep -P "$master"); do $unsealed "$pid" >/dev/null; done
kill -QUIT "$master"
wait "$master"
servers=()
