#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# node works sealed, with its JIT, workers and native code.
. "$(dirname "$0")/common.inc"
needs_mseal
[[ -x /usr/bin/node ]] || skip "node is not installed"

cat >"$work/script.js" <<'X'
const crypto = require('crypto'), zlib = require('zlib');
const { Worker, isMainThread, parentPort } = require('worker_threads');
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
if (!isMainThread) { parentPort.postMessage(fib(22)); return; }
console.log(fib(27));
console.log(crypto.createHash('sha256').update('memseal').digest('hex'));
console.log(zlib.gunzipSync(zlib.gzipSync('x'.repeat(100000))).length);
const code = new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,
  3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]);
const wasm = new WebAssembly.Instance(new WebAssembly.Module(code));
console.log(wasm.exports.add(40, 2));
new Worker(__filename).on('message', m => { console.log(m); process.exitCode = 6; });
X
same_output /usr/bin/node "$work/script.js"
[[ $(wc -l <"$work/sealed.out") == 5 ]]
seals_itself /usr/bin/node -e "
const r = require('child_process').spawnSync('/bin/sh',
  ['-c', '$unsealed ' + process.pid], {stdio: 'inherit'});
process.exit(r.status)"
