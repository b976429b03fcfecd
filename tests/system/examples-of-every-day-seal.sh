#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples for the four everyday cases, built by the command that they name,
# keep what they hold: where it lies no page can be made writable. Without their
# seals each such page can.
. "$(dirname "$0")/common.inc"
need cc c++
cd "$work"
everyday=$SOURCE/examples/everyday
cc -g -shared -fPIC "$SOURCE/tests/system/programs/page_opener.c" -o opener.so
# Instead of the library's functions: as if nobody had called them.
cat >unsealed.c <<'END'
int memseal_arena_seal(void *a) { (void)a; return 0; }
int memseal_seal_variables(void *r, unsigned long n, unsigned f) {
  (void)r; (void)n; (void)f; return 0;
}
int memseal_self(unsigned f) { (void)f; return 0; }
END
cc -shared -fPIC unsealed.c -o unsealed.so
cat >plugin.c <<'END'
const char name[] = "a constant of the plugin";
long plugin_apply(long n);
long plugin_apply(long n) { return n + (name[0] == 'a'); }
END
cc -shared -fPIC plugin.c -o plugin.so

for example in "$everyday"/*; do
  (($(wc -l <"$example") < 40)) || { echo "$example is too long"; exit 1; }
  compiler=(cc -std=c99)
  [[ $example == *.cc ]] && compiler=(c++ -std=c++17)
  name=$(basename "${example%.*}")
  "${compiler[@]}" -Wall -Wextra -Werror -I "$SOURCE/include" "$example" \
    -o "$name" -L "$BUILD" -lmemseal -ldl -Wl,-z,now -Wl,-rpath,"$BUILD"
done

# holds RESULT MARKER COMMAND...
holds() {
  local result=$1
  export MARKER=$2
  shift 2
  [[ $(LD_PRELOAD=./opener.so "$@" 2>said) == "$result" ]]
  grep -qE '^found [1-9][0-9]* opened 0$' said || { cat said; return 1; }
}
# opens MARKER COMMAND...: the control.
opens() {
  export MARKER=$1
  shift
  LD_PRELOAD=./unsealed.so:./opener.so "$@" >/dev/null 2>said
  grep -qE '^found ([0-9]+) opened [1-9]' said || { cat said; return 1; }
}
echo 'root=/srv/www/of/a/name/of/some/length' >settings
holds /srv/www/of/a/name/of/some/length name/of/some/length \
  ./configuration settings root
opens name/of/some/length ./configuration settings root
holds 42 'command twice' ./dispatch_table twice 21
opens 'command twice' ./dispatch_table twice 21
holds 42 'a constant of the plugin' ./plugins 41 ./plugin.so
opens 'a constant of the plugin' ./plugins 41 ./plugin.so

# A key is nowhere else in memory, and is the same one at each start.
printf 'a key of thirty-two bytes ......' >key
sum=$(./keys key text)
[[ $sum =~ ^[0-9a-f]{16}$ && $sum != $(./keys key other) ]]
holds "$sum" 'a key of thirty-two bytes' ./keys key text
[[ $(<said) == 'found 1 opened 0' ]]
