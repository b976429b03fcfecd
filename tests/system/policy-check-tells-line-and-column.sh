#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every fault of a policy is told where it is, and a good policy has none.
. "$(dirname "$0")/common.inc"

# faulty POSITION SENTENCE: of the policy on standard input.
faulty() {
  cat >"$work/policy.toml"
  exits 1 "$memseal" policy check "$work/policy.toml"
  says "policy.toml:$1: $2"
}
good() {
  cat >"$work/policy.toml"
  exits 0 "$memseal" policy check "$work/policy.toml"
}

good </dev/null
sed -n '/^```toml$/,/^```$/p' "$SOURCE/docs/policy.md" | grep -v '^```' |
  tee "$work/documented" | good
grep -q reason "$work/documented"
good <<<'segments = ["relro", "text", "rodata"]'
good <<<'segments = ["relro"]'
good <<<'types = ["all"]'
good <<<$'engine = "filter"\ntypes = ["munmap", "mmap"]'


faulty 1:1 "there is no setting 'a'" <<<'a.b = 1'
faulty 2:10 "'engine' is one of auto|native|filter|keeper|strict, not 'Native'" \
  <<<$'\nengine = "Native"'
faulty 1:10 "'engine' must be a string" <<<'engine = 1'
faulty 1:11 "'require' must be true or false" <<<'require = "yes"'
faulty 1:10 "'report' is an absolute path" <<<'report = "seals.txt"'
faulty 1:12 "'segments' must be a list of strings that is not empty" <<<'segments = []'
faulty 1:12 "'segments' names something twice" \
  <<<'segments = ["text", "relro", "text"]'
faulty 1:13 "'segments' knows text, rodata, relro, not 'text,relro'" \
  <<<'segments = ["text,relro"]'
faulty 1:13 "'segments' knows text, rodata, relro, not 'bss'" \
  <<<'segments = ["bss"]'
faulty 1:9 'single types need engine = "filter"' <<<'types = ["munmap"]'
faulty 2:9 'single types need engine = "filter"' \
  <<<$'engine = "keeper"\ntypes = ["munmap"]'
faulty 2:10 "'types' knows seal, mprotect, munmap, mmap, mremap, discard, all" \
  <<<$'engine = "filter"\ntypes = ["brk"]'
faulty 2:9 "'types' names something twice, or all and more" \
  <<<$'engine = "filter"\ntypes = ["all", "munmap"]'
faulty 2:8 "'objects.only' must be a list that is not empty" <<<$'[objects]\nonly = []'
faulty 2:1 "there is no setting 'objects.without'" \
  <<<$'[objects]\nwithout = ["a"]'
faulty 2:9 "'a;b' is not a pattern" <<<$'[objects]\nonly = ["a;b"]'
faulty 1:1 "the exception 'a' needs a reason" \
  <<<$'[[objects.except]]\nglob = "a"'
faulty 3:1 "a pattern has glob and reason, not 'why'" \
  <<<$'[[objects.except]]\nglob = "a"\nwhy = "b"'
faulty 1:10 "'seal' lets dlclose try to unmap what is sealed" \
  <<<$'dlopen = "seal"\non-violation = "kill"'
good <<<$'dlopen = "seal"\non-violation = "report"'
good <<<$'engine = "strict"\non-violation = "kill"\nhow = "audit"'
faulty 2:8 "is no TOML" <<<$'engine = "auto"\n[object'

# All of them, in the order of their places.
printf 'x = 1\ny = 2\n' >"$work/two.toml"
exits 1 "$memseal" policy check "$work/two.toml" "$work/documented"
says 'two.toml:1:1'
says 'two.toml:2:1'
says "$work/documented: good"

exits 3 "$memseal" policy check "$work/none"
exits 2 "$memseal" policy check
exits 2 "$memseal" policy
exits 2 "$memseal" policy show a b
exits 1 "$memseal" policy check --json "$work/two.toml"
/usr/bin/python3 -c 'import json, sys
[file] = json.load(open(sys.argv[1]))
assert not file["valid"] and file["faults"][1]["line"] == 2, file' "$work/said"

mkdir -p "$work/memseal"
cp "$work/documented" "$work/memseal/nginx.toml"
export XDG_CONFIG_HOME=$work
exits 0 "$memseal" policy show /usr/sbin/nginx
says "$work/memseal/nginx.toml applies"
says 'libjit.so*: patches its own code'
exits 0 "$memseal" policy show other
says 'no policy applies'
