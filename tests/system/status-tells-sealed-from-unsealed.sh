#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A process whose sealable memory is sealed: exit 0, 100 %. Its unsealed twin:
# exit 1, nothing.
# matrix: python3
. "$SOURCE/tests/system/status-common.inc"

start_sleeper 9 sealable
sealed=$sleeper
start_sleeper 8
expect 1 "$tool" status "$sleeper"
says "not sealed"
says "0.0 %"
[[ $output != *native* ]] || fail "an unsealed process shows a seal: $output"

expect 0 "$tool" status "$sealed"
says "native"
says "100 %"
[[ $output != *"not sealed"* ]] || fail "something is left: $output"
expect 0 "$tool" status --unsealed "$sealed"
[[ $output != *"rodata"* ]] || fail "--unsealed shows what is sealed: $output"

# Both at once: one is not sealed.
expect 1 "$tool" status "$sealed" "$sleeper"
