#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A server's sealed key survives an attacker who can write anywhere in it.
set -euo pipefail

# attack [OPTION]: signs, overwrites the key's first byte, signs again.
attack() {
  local port where answer
  coproc SERVER { exec "$BUILD/examples/key_server" "$@"; }
  read -r port <&"${SERVER[0]}"
  exec {peer}<>"/dev/tcp/127.0.0.1/$port"
  read -r _ <&"$peer"
  echo 'sign hello' >&"$peer"; read -r before <&"$peer"
  echo where >&"$peer"; read -r where <&"$peer"
  echo "poke $where 0x41" >&"$peer"; read -r answer <&"$peer"
  echo 'sign hello' >&"$peer"; read -r after <&"$peer"
  echo quit >&"$peer"
  exec {peer}>&-
  wait "$SERVER_PID" || true
  poked=$answer
}

attack --unsealed # control: the same attack forges
[[ $poked == written && $before != "$after" ]]

attack
[[ $poked == 'faulted; mprotect: Operation not permitted' ]]
[[ $before == "$after" ]]
