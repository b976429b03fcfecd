#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real prometheus scrapes, by real node_exporter, what memseal tells of this
# machine; the rules and the dashboard's questions are questions it answers.
. "$(dirname "$0")/../system/common.inc"
needs_mseal
need prometheus prometheus-node-exporter promtool curl
monitoring=$SOURCE/packaging/monitoring
promtool check rules "$monitoring/memseal.rules.yml"
promtool test rules "$monitoring/memseal.rules.test.yml"
cd "$work"

exporter=$(free_port)
mkdir texts
prometheus-node-exporter --collector.disable-defaults --collector.textfile \
  --collector.textfile.directory="$work/texts" \
  --web.listen-address="127.0.0.1:$exporter" 2>exporter.log &
servers+=($!)
port=$(free_port)
cp "$monitoring/memseal.rules.yml" .
cat >prometheus.yml <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [memseal.rules.yml]
scrape_configs:
  - job_name: node
    static_configs: [{targets: ["127.0.0.1:$exporter"]}]
END
prometheus --config.file=prometheus.yml --storage.tsdb.path="$work/data" \
  --web.listen-address="127.0.0.1:$port" 2>prometheus.log &
servers+=($!)

# ask QUESTION: the value of the one series that answers; nothing if none does.
ask() {
  curl -sf "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" |
    /usr/bin/python3 -c 'import json, sys
answer = json.load(sys.stdin)
assert answer["status"] == "success", answer
print(*[r["value"][1] for r in answer["data"]["result"]])'
}
answers() { [[ $(ask "$1") == "$2" ]]; }

sleep 1000 &
servers+=($!)
plain=$!
"$memseal" run --require -- sleep 1000 &
servers+=($!)
sealed=$!
wait_for "$memseal" status "$sealed"
# write PID...: as the timer does.
write() {
  local code=0
  "$memseal" status --format=prometheus --violations=report.json \
    -o texts/memseal.prom "$@" || code=$?
  ((code == 0 || code == 1))
}
: >report.json
write "$plain" "$sealed"
promtool check metrics <texts/memseal.prom
wait_for answers 'memseal_processes{state="sealed"}' 1
wait_for answers 'memseal_processes{state="unsealed"}' 1
wait_for answers '0 < instance:memseal_sealed:ratio < 1 and on() vector(1) > bool 0' \
  "$(ask instance:memseal_sealed:ratio)"
kill "$plain"
write "$sealed"
wait_for answers 'memseal_processes{state="unsealed"}' 0
wait_for answers 'instance:memseal_sealed:ratio' 1

# A violation, as a report tells it, becomes a metric.
cat >attacker.c <<'END'
#include <stdint.h>
#include <sys/mman.h>
int main(void) {
  void *page = (void *)((uintptr_t)&main & ~(uintptr_t)4095);
  return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}
END
cc -O1 -o attacker attacker.c
"$memseal" run --on-violation=report --report=report.json -- ./attacker
grep -q '"type":"violation"' report.json
write "$sealed"
wait_for answers 'memseal_violations_total{program="attacker",outcome="denied"}' 1

# What the dashboard asks is understood, and no metric in it is unknown.
/usr/bin/python3 - "$monitoring/grafana-dashboard.json" texts/memseal.prom \
  >questions <<'PY'
import json, re, sys
board = json.load(open(sys.argv[1]))
known = set(re.findall(r"^# TYPE (\S+)", open(sys.argv[2]).read(), re.M))
for panel in board["panels"]:
    for target in panel["targets"]:
        for metric in re.findall(r"(?<![:\w])memseal_\w+", target["expr"]):
            assert metric in known, metric
        print(target["expr"].replace("$instance", ".*"))
PY
while IFS= read -r question; do
  ask "$question" >/dev/null
done <questions
[[ $(ask 'sum(memseal_sealed_bytes{instance=~".*"})') -gt 0 ]]

# The unit files are what systemd takes.
if command -v systemd-analyze >/dev/null; then
  mkdir units
  cp "$monitoring"/memseal-metrics.* units/
  sed -i "s|/usr/bin/memseal|$memseal|" units/memseal-metrics.service
  SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no \
    memseal-metrics.timer memseal-metrics.service
fi
