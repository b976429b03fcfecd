#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# python3 with extension modules works sealed as it does unsealed.
# matrix: python3
. "$(dirname "$0")/common.inc"
[[ -x /usr/bin/python3 ]] || skip "python3 is not installed"

cat >"$work/script.py" <<'X'
import ctypes, ctypes.util, decimal, hashlib, json, lzma, math, sqlite3, ssl
import subprocess, threading, zlib
libc = ctypes.CDLL(ctypes.util.find_library("c"))
print(libc.abs(-5), ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(41))
db = sqlite3.connect(":memory:")
db.execute("create table t (a, b)")
db.executemany("insert into t values (?, ?)", [(i, i * i) for i in range(1000)])
print(db.execute("select sum(b) from t").fetchone())
print(ssl.OPENSSL_VERSION, len(ssl.create_default_context().get_ciphers()) > 5)
data = b"memseal" * 10000
print(hashlib.sha256(data).hexdigest(), len(lzma.compress(data)), len(zlib.compress(data)))
print(decimal.Decimal(2).sqrt(), math.gamma(5), json.dumps({"a": [1, 2]}))
out = []
threads = [threading.Thread(target=lambda i=i: out.append(i)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(out), subprocess.check_output(["echo", "child"]))
raise SystemExit(3)
X
same_output /usr/bin/python3 "$work/script.py"
[[ -s $work/sealed.out ]]

# ctypes, ssl and sqlite3 come by dlopen: they are sealed as well.
seals_itself /usr/bin/python3 -c "
import ctypes, ssl, sqlite3, os, sys
sys.exit(os.waitstatus_to_exitcode(os.system('$unsealed %d' % os.getpid())))"
