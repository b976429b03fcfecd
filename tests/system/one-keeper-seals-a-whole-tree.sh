#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# memseal run --engine=keeper: a whole tree of processes is sealed by one filter
# and one keeper. Children and grandchildren are sealed, nothing of an earlier
# image is refused in a later one, and the number of filters stays.
# matrix: sed grep
. "$(dirname "$0")/common.inc"
attack=$BUILD/examples/attack
generations=${GENERATIONS:-300}

# The twin: unsealed, every attack succeeds.
exits 1 "$attack"
[[ $(grep -c 'succeeded$' "$work/said") == 8 ]]

# The program itself, a child, a grandchild.
run=("$memseal" run --engine=keeper --require)
exits 0 "${run[@]}" -- "$attack"
exits 0 "${run[@]}" -- bash -c "$attack; exit \$?"
exits 0 "${run[@]}" -- bash -c "bash -c '$attack; exit \$?'; exit \$?"
[[ $(grep -c 'EPERM$' "$work/said") == 8 ]]
exits 0 "$memseal" run --strict --require -- bash -c "$attack; exit \$?"
# Where the kernel has no mseal(2) it is what one gets without asking.
exits 0 "$memseal" run --require -- bash -c "$attack; exit \$?"
# An unsealed child is unsealed, under the same filter.
exits 1 "${run[@]}" --no-inherit -- bash -c "$attack; exit \$?"

# What is told is what is true: each image, each object, by the keeper.
"$memseal" run --engine=keeper --report="$work/report" -- bash -c 'cat /dev/null; true'
grep -q ' text sealed keeper$' "$work/report"
(($(grep -c ' sealed ' "$work/report") == $(grep -c ' sealed keeper$' "$work/report")))
[[ $(cut -d' ' -f1 "$work/report" | sort -u | wc -l) -ge 2 ]]

# A shell script with many children, and a program that becomes itself again and
# again. Each generation is sealed and finds as many filters as the first.
cat >"$work/generation" <<'SH'
left=$1 filters=$2 attack=$3
grep -q memseal-image /proc/self/maps || exit 3
((left % 50)) || "$attack" >/dev/null || { echo "$left: attacked"; exit 7; }
now=$(sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
[[ $now == "$filters" ]] || { echo "filters: $now, not $filters"; exit 4; }
((left == 0)) && { echo "no generation failed"; exit 0; }
exec bash "$0" $((left - 1)) "$filters" "$attack"
SH
cat >"$work/script" <<'SH'
filters=$(sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
for i in $(seq "$2"); do
  [[ $(sed -n 's/^Seccomp:\t//p' /proc/self/status) == 2 ]] || exit 5
  (echo "$i" | cat | grep -q "^$i\$") || exit 6
done
exec bash "$1" "$3" "$filters" "$4"
SH
exits 0 "${run[@]}" -- bash "$work/script" "$work/generation" 40 "$generations" \
  "$attack"
says "no generation failed"

# memseal run inside of memseal run: the keeper is there already.
exits 0 "${run[@]}" -- bash -c "${run[*]} -- bash -c '$attack; grep Seccomp /proc/self/status'"
[[ $(grep -c 'EPERM$' "$work/said") == 8 ]]
if grep -q Seccomp_filters /proc/self/status; then
  says $'Seccomp_filters:\t1'
fi

# Inside of --engine=filter the addresses of an earlier image stay refused: that
# is said, and --require does not take it.
exits 0 "$memseal" run --engine=filter --require -- "$attack"
exits 1 "$memseal" run --engine=filter --require -- bash -c "$attack; exit \$?"
exits 0 "$memseal" run --engine=filter -- bash -c "$memseal run --engine=keeper -- $attack; exit \$?"
says "this runs inside memseal run --engine=filter"
exits 125 "$memseal" run --engine=filter -- bash -c "${run[*]} -- true; exit \$?"
