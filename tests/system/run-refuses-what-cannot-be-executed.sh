#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What cannot be executed is refused with one sentence and env(1)'s exit status.
. "$(dirname "$0")/common.inc"
cd "$work"
printf 'not a program\n' >text
chmod 755 text
printf '#!/bin/sh\necho hello "$@"\n' >memseal-greet
cp memseal-greet unexecutable
chmod 755 memseal-greet

# says_only TEXT: says it, in one line, and nothing else.
says_only() {
  says "$1"
  [[ $(wc -l <"$work/said") == 1 ]]
}

exits 127 "$memseal" run -- no-such-program
says_only "memseal: 'no-such-program' cannot be found"
exits 127 "$memseal" run -- ./no/such/program
exits 127 "$memseal" run -- ''
exits 126 "$memseal" run -- ./unexecutable
says_only "is not executable"
exits 126 "$memseal" run -- "$work"
exits 126 "$memseal" run -- ./text
says_only "neither an ELF program nor a script"
exits 126 "$memseal" run -- /dev/null
: >empty && chmod 755 empty
exits 126 "$memseal" run -- ./empty

# The same statuses as env(1) gives.
exits 127 env no-such-program
exits 126 env ./unexecutable

# Scripts run, by the interpreter they name.
exits 0 "$memseal" run -- ./memseal-greet you
says "hello you"
printf '#!./nosuch\n' >lost && chmod 755 lost
exits 127 "$memseal" run -- ./lost
says_only "'./nosuch' needs an interpreter that is not there"

# An empty entry in PATH is the working directory.
exits 127 env PATH=/usr/bin:/bin "$memseal" run -- memseal-greet
exits 0 env PATH=/usr/bin:/bin: "$memseal" run -- memseal-greet you
says "hello you"
exits 0 env PATH=:/usr/bin:/bin "$memseal" run -- memseal-greet
exits 0 env -u PATH "$memseal" run -- true

# Programs for other machines.
cp /bin/true thirty-two
printf '\001' | dd of=thirty-two bs=1 seek=4 conv=notrunc status=none
exits 125 "$memseal" run -- ./thirty-two
says_only "is a 32-bit program"
cp /bin/true riscv
printf '\363' | dd of=riscv bs=1 seek=18 conv=notrunc status=none
exits 126 "$memseal" run -- ./riscv
says_only "for another processor"

# Programs that lie.
head -c 100 /bin/true >short && chmod 755 short
exits 126 "$memseal" run -- ./short
says_only "is a damaged ELF file"
# lie OFFSET BYTES: /bin/true with other bytes there.
lie() {
  cp /bin/true liar
  printf '%b' "$2" | dd of=liar bs=1 seek="$1" conv=notrunc status=none
}
lie 56 '\377\377'                              # e_phnum: 65,535
exits 126 "$memseal" run -- ./liar
says "is a damaged ELF file"
lie 54 '\001'                                  # e_phentsize: 1
exits 126 "$memseal" run -- ./liar
lie 32 '\377\377\377\377\377\377\377\177'      # e_phoff: far outside
exits 126 "$memseal" run -- ./liar
loads=$((64 + 2 * 56))                         # after PT_PHDR and PT_INTERP
lie $((loads + 32)) '\377\377\377\377'         # p_filesz: 4 GiB
exits 126 "$memseal" run -- ./liar
lie $((loads + 16)) '\377\377\377\377\377\377\377\377'   # p_vaddr: the last byte
exits 126 "$memseal" run -- ./liar
