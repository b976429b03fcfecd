#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The loader modules run before the program's libc is relocated, and the
# launcher instead of one: they need no library, and refer to no symbol that
# something must define.
. "$(dirname "$0")/common.inc"

# needed FILE: what its dynamic section asks for, if it has one.
needed() {
  readelf --wide --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# undefined FILE: dynamic symbols that are defined elsewhere and not weak.
undefined() {
  readelf --wide --dyn-syms "$1" |
    awk '$7 == "UND" && $8 != "" && $5 != "WEAK" {print $8}'
}

# The control: the library shows both.
[[ -n $(needed "$BUILD/libmemseal.so") ]]
[[ -n $(undefined "$BUILD/libmemseal.so") ]]

for name in libmemseal-audit.so libmemseal-preload.so memseal; do
  file=$BUILD/$name
  [[ -s $file ]]
  [[ -z $(needed "$file") ]]
  [[ -z $(undefined "$file") ]]
done
# The launcher has no loader either that could bring something.
program_headers=$(readelf --wide --program-headers "$BUILD/memseal")
[[ $program_headers == *LOAD* && $program_headers != *INTERP* ]]
