#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `status --all` tells whose each process is, sums up, and names what it could
# not look at; as CSV and as metrics it says the same numbers, and a file that
# it writes is the old one or the new one.
. "$(dirname "$0")/common.inc"
needs_mseal
tool=$BUILD/memseal-tool
cd "$work"

sleep 1000 &
servers+=($!)
plain=$!
"$memseal" run --require -- sleep 1000 &
servers+=($!)
sealed=$!
wait_for "$tool" status "$sealed"

"$tool" status --all >table 2>complaints || code=$?
((code == 1 || code == 3))
head -1 table | grep -qE '^ +PID USER +UNIT +NAME +SEALED +OF$'
grep -qE "^ *$plain $(id -un | cut -c1-9) .* sleep +0\.0 % " table
grep -qE "^ *$sealed $(id -un | cut -c1-9) .* sleep +100 % " table
grep -qE '^[0-9]+ process(es)?: [0-9]+ sealed, [0-9]+ in part, [0-9]+ not' table
grep -qE "Linux $(uname -r) $(uname -m), glibc .*, memseal [0-9]" table
awk 'NF == 0 { exit } length > 80' table | not grep .

# Of the two alone, each number is known.
exits 1 "$tool" status --summary "$plain" "$sealed"
says '2 processes: 1 sealed, 0 in part, 1 not at all'
exits 0 "$tool" status --summary "$sealed"
says '1 process: 1 sealed, 0 in part, 0 not at all'
exits 1 "$tool" status --format=csv "$plain" "$sealed"
cp said list.csv
exits 1 "$tool" status --format=prometheus -o metrics.prom "$plain" "$sealed"
/usr/bin/python3 - "$plain" "$sealed" <<'PY'
import csv, os, pwd, re, sys
plain, sealed = sys.argv[1:]
with open("list.csv", newline="") as file:
    rows = {row["pid"]: row for row in csv.DictReader(file)}
assert set(rows) == {plain, sealed}, rows
for pid, state in ((plain, "unsealed"), (sealed, "sealed")):
    row = rows[pid]
    assert row["state"] == state and row["name"] == "sleep", row
    assert row["command"] == "sleep 1000" and row["libc"] == "glibc", row
    assert row["user"] == pwd.getpwuid(os.geteuid()).pw_name, row
    assert row["host"] == os.uname().nodename, row
assert rows[sealed]["engine"] == "native" and rows[plain]["engine"] == ""
text = open("metrics.prom").read()
assert text.endswith("\n")
value = {}
for line in text.splitlines():
    if not line.startswith("#"):
        name, number = line.rsplit(" ", 1)
        assert name not in value, name
        value[name] = float(number)
        family = name.split("{")[0]
        assert f"# HELP {family} " in text and f"# TYPE {family} " in text, family
assert value['memseal_processes{state="sealed"}'] == 1
assert value['memseal_processes{state="unsealed"}'] == 1
total = lambda name: sum(v for k, v in value.items() if k.split("{")[0] == name)
for column, metric in (("sealable_bytes", "memseal_sealable_bytes"),
                       ("sealed_bytes", "memseal_sealed_bytes"),
                       ("sealed_bytes", "memseal_unit_sealed_bytes")):
    want = sum(int(row[column]) for row in rows.values())
    assert total(metric) == want, (metric, total(metric), want)
PY
if command -v promtool >/dev/null; then promtool check metrics <metrics.prom; fi

# A process that cannot be looked at is named, with the cause.
if ((EUID == 0)); then
  exits 3 setpriv --reuid=65534 --clear-groups "$tool" status --summary "$plain"
  says "$plain root"
  says 'forbidden'
  setpriv --reuid=65534 --clear-groups "$tool" status --json "$plain" \
    >unread.json 2>/dev/null || true
  grep -q '"cause": "forbidden"' unread.json
fi

# A name that is a formula to a spreadsheet, a quote, or a new line.
strange_name=./$'=1+"a\nb'
cp "$(command -v sleep)" "$strange_name"
"$strange_name" 1000 &
servers+=($!)
strange=$!
wait_for grep -q '^=1' "/proc/$strange/comm"
exits 1 "$tool" status --format=csv "$strange"
/usr/bin/python3 - <<'PY'
import csv
rows = list(csv.DictReader(open("said", newline="")))
assert len(rows) == 1 and rows[0]["name"] == "'=1+\"a\\012b", rows
PY

# Violations of a report: counted by program and outcome.
cat >old.json <<'END'
{"schema":1,"type":"violation","time":"2026-11-30T01:02:03.000000Z","pid":1,"tid":1,"program":"/bin/a","thread":"a","call":"mprotect","text":"","outcome":"denied","errno":1,"object":"/lib/x.so","segment":"text","frames":[]}
not a record
{"schema":1,"type":"violation","program":"/bin/a","outcome":"denied"}
{"schema":1,"type":"summary","program":"/bin/a","violations":9,"vanished":0,"lost":7}
END
exits 1 "$tool" status --format=prometheus --violations=old.json "$plain"
says 'memseal_violations_total{program="a",outcome="denied"} 2'
says 'memseal_violations_total{program="a",outcome="lost"} 7'
exits 1 "$tool" status --html=page.html --violations=old.json "$plain"
says '2 violations of a: denied'
grep -q 'mprotect on text of /lib/x.so' page.html
not grep -qiE '<script|https?://|src=' page.html
exits 3 "$tool" status --format=prometheus --violations=nowhere.json "$plain"

# Written in one step: on a full disk the old file stays, and no draft.
if ((EUID == 0)) && unshare --mount true; then
  # shellcheck disable=SC2016
  exits 3 unshare --mount bash -c '
    mkdir small && mount -t tmpfs -o size=8k none small && echo old >small/m.prom
    dd if=/dev/zero of=small/rest bs=4096 count=1 2>/dev/null
    "$@" -o small/m.prom
    code=$?
    cat small/m.prom; ls small
    exit $code' - "$tool" status --format=prometheus "$plain"
  says "'small/m.prom' cannot be written: "
  says old
  not grep -q '\.new$' said
fi
exits 3 "$tool" status --format=csv -o nowhere/list.csv "$plain"

exits 2 "$tool" status --summary --map "$plain"
exits 2 "$tool" status --format=xml "$plain"
