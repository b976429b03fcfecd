#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `memseal oci` makes real runc and crun start a container whose programs are
# sealed, with glibc and with musl, natively and by filter; without it, or with the
# annotation that refuses it, they are not.
. "$(dirname "$0")/../system/common.inc"
needs_mseal
need runc crun
((EUID == 0)) || skip "containers need root here"
cd "$work"

# A minimal Debian-like root, and an Alpine-like one: the loader and libc alone.
mkdir -p glibc/{bin,proc,tmp,lib64,usr/lib} musl/{bin,proc,tmp,lib}
for program in /bin/sh /bin/sleep /bin/cat /bin/grep; do
  cp --dereference "$program" glibc/bin/
  for library in $(ldd "$program" | grep -o '/[^ ]*'); do
    mkdir -p "glibc$(dirname "$library")"
    cp --dereference "$library" "glibc$library"
  done
done
roots=(glibc)
if command -v musl-gcc >/dev/null; then
  cat >show.c <<'END'
#include <stdio.h>
int main(void) {
  char line[4096];
  FILE *smaps = fopen("/proc/self/smaps", "r");
  while (fgets(line, sizeof line, smaps))
    fputs(line, stdout);
  return 0;
}
END
  musl-gcc -O1 -o musl/bin/show show.c
  loader=$(readelf -lW musl/bin/show | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
  mkdir -p "musl$(dirname "$loader")"
  cp --dereference "$(readlink -f "$loader")" "musl$loader"
  roots+=(musl)
fi

# bundle ROOT ARG...: a bundle in b, cgroup-less, whose program is ARG...
bundle() {
  local root=$1
  shift
  rm -rf b
  mkdir b
  (cd b && runc spec)
  /usr/bin/python3 - "$work/$root" "$@" <<'PY'
import json, sys
config = json.load(open("b/config.json"))
config["root"] = {"path": sys.argv[1], "readonly": False}
config["process"]["args"] = sys.argv[2:]
config["process"]["terminal"] = False
config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"]
                                 if n["type"] not in ("network", "cgroup")]
config["linux"].pop("resources", None)
config["mounts"] = [m for m in config["mounts"] if m["destination"] in ("/proc", "/dev")]
json.dump(config, open("b/config.json", "w"))
PY
}
number=0
# run RUNTIME: what the container prints, into out.
run() {
  local extra=()
  [[ $1 != crun ]] || extra=(--cgroup-manager=disabled)
  number=$((number + 1))
  timeout 60 "$1" --root "$work/state" "${extra[@]}" run --bundle b \
    "memseal-test-$$-$number" >out 2>err
}
# seal ARG...: the bundle's configuration through the filter.
seal() {
  "$memseal" oci --require "$@" <b/config.json >b/new
  mv b/new b/config.json
}
sealed_lines() { grep -c '^VmFlags:.* sl' out || true; }

runtimes=()
bundle glibc /bin/cat /proc/self/smaps
for runtime in runc crun; do
  if run "$runtime"; then
    runtimes+=("$runtime")
    # The control twin.
    grep -q libc.so out
    [[ $(sealed_lines) == 0 ]]
  else
    echo "$runtime cannot start a container here: $(tail -1 err)"
  fi
done
((${#runtimes[@]})) || skip "no runtime can start a container here"

for runtime in "${runtimes[@]}"; do
  for root in "${roots[@]}"; do
    if [[ $root == glibc ]]; then
      bundle glibc /bin/cat /proc/self/smaps
    else
      bundle musl /bin/show
    fi
    seal
    before=$(<b/config.json)
    seal # once more adds nothing
    [[ $(<b/config.json) == "$before" ]]
    run "$runtime" || { cat err; exit 1; }
    (($(sealed_lines) >= 5)) || { cat out err; exit 1; }
    # A read-only root, and a user namespace's worth of rights less: no caps.
    /usr/bin/python3 - <<'PY'
import json
config = json.load(open("b/config.json"))
config["root"]["readonly"] = True
config["process"]["user"] = {"uid": 65534, "gid": 65534}
config["process"]["capabilities"] = {}
json.dump(config, open("b/config.json", "w"))
PY
    run "$runtime" || { cat err; exit 1; }
    (($(sealed_lines) >= 5))
  done
  # Process 1 and its children, by a filter: what kernels without mseal(2) have.
  echo 'engine = "filter"' >filter.toml
  bundle glibc /bin/grep Seccomp: /proc/self/status
  seal --policy filter.toml
  run "$runtime" || { cat err; exit 1; }
  grep -qE 'Seccomp:[[:space:]]*2' out
done

# Who asked not to be sealed is not; with --opt-in only who asked is.
annotate() {
  /usr/bin/python3 - "$1" <<'PY'
import json, sys
config = json.load(open("b/config.json"))
config["annotations"] = {"org.memseal.enable": sys.argv[1]}
json.dump(config, open("b/config.json", "w"))
PY
}
bundle glibc /bin/cat /proc/self/smaps
annotate false
seal
not grep -q LD_AUDIT b/config.json
annotate true
seal --opt-in
grep -q LD_AUDIT b/config.json
bundle glibc /bin/cat /proc/self/smaps
seal --opt-in
not grep -q LD_AUDIT b/config.json

# A list of allowed calls gets mseal; what is no configuration is refused.
for input in '' '{' '[]' '{}' 'null' '{"ociVersion":"1.0"}' \
  '{"ociVersion":"1.0","root":{"path":"/"},"process":{"args":[]}}' \
  '{"ociVersion":"1.0","root":{"path":"/"},"process":{"args":["/bin/sh"],"env":3}}' \
  '{"ociVersion":"1.0","root":{"path":"/"},"process":{"args":["/bin/sh"]},"mounts":3}'; do
  exits 3 "$memseal" oci <<<"$input"
  [[ $(wc -l <"$work/said") == 1 ]]
done
exits 3 "$memseal" oci <<<'{"ociVersion":"1.0","id":"x","status":"created","pid":1,"bundle":"/b"}'
says 'precreate hook'
bundle glibc /bin/nosuch
exits 1 "$memseal" oci --require <b/config.json
exits 0 "$memseal" oci <b/config.json
says 'the container is not sealed'
"$memseal" oci <<<'{"ociVersion":"1.0","root":{"path":"/"},"process":{"args":["sh"]},
  "linux":{"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}}}' |
  grep -q '"mseal"'
