#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S-33: a library that is aligned to 2 MiB, as some in every distribution are,
# can be loaded under every filter with addresses. By its registers what ld.so
# maps of it could be a file of huge pages, which reaches to the next 2 MiB,
# where something sealed lies. It is taken for one only where there can be such
# a file.
. "$(dirname "$0")/common.inc"
need gcc /usr/bin/python3
grep -q hugetlbfs /proc/filesystems || skip "this kernel has no huge pages"
if grep -q ' - hugetlbfs ' /proc/self/mountinfo &&
  grep -qv '^0$' /sys/kernel/mm/hugepages/*/nr_{,overcommit_}hugepages; then
  skip "a hugetlbfs is mounted here, and has huge pages to give"
fi

source=$SOURCE/tests/system/programs/opens_libraries.c
gcc -O1 "$source" -o "$work/program"
libraries=()
for name in one two three; do
  gcc -O1 -shared -fPIC -DLIBRARY "$source" -o "$work/$name.so" \
    -Wl,-z,max-page-size=0x200000 -Wl,-z,noseparate-code
  libraries+=("$work/$name.so")
done
program=("$work/program" "${libraries[@]}")

# The same with a file of huge pages open.
with_huge_file=(/usr/bin/python3 -c 'import os, sys
os.set_inheritable(os.memfd_create("huge", 4), True)  # MFD_HUGETLB
os.execvp(sys.argv[1], sys.argv[1:])')

# once_in_20 COMMAND...: it succeeds at one of so many times.
once_in_20() {
  local try
  for try in $(seq 20); do
    "$@" && return 0
  done
  return 1
}
# cannot_load COMMAND...
cannot_load() {
  not "$@" >"$work/said" 2>&1 && says "failed to map segment"
}

# The twin: these libraries mostly land right before something sealed.
exits 0 "${program[@]}"
exits 0 "${with_huge_file[@]}" "${program[@]}"
once_in_20 cannot_load "${with_huge_file[@]}" \
  "$memseal" run --engine=filter -- "${program[@]}"

for options in --engine=filter '--engine=filter --on-violation=report' \
  --on-violation=kill --on-violation=trap; do
  for _ in 1 2 3 4 5; do
    # shellcheck disable=SC2086
    exits 0 "$memseal" run $options -- "${program[@]}"
    says loaded
  done
done
[[ $(uname -m) == x86_64 ]] || exit 0 # no tracer elsewhere
for options in --engine=filter --on-violation=kill; do
  exits 0 "$memseal" run --how=trace "$options" -- "${program[@]}"
done

# attached COMMAND...: the program waits while a filter is attached, and loads
# its libraries then.
mkfifo "$work/go" "$work/ready"
attached() {
  local status=0 child line
  "$@" "$work/program" wait "${libraries[@]}" <"$work/go" >"$work/ready" &
  child=$!
  exec 8>"$work/go" 9<"$work/ready"
  read -r line <&9
  [[ $line == ready ]]
  "$memseal" attach --engine=filter "$child" >"$work/attached"
  echo >&8
  wait "$child" || status=$?
  exec 8>&- 9<&-
  return "$status"
}
once_in_20 cannot_load attached "${with_huge_file[@]}"
for _ in 1 2 3 4 5; do
  exits 0 attached
done
