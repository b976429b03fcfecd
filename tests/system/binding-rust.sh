#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Rust crates pass their tests, over the installed library and over the one
# that they build from these sources; what is missing is told with its cure.
. "$(dirname "$0")/common.inc"
# Debian's, not a newer one of the user's; without a network.
PATH=/usr/bin:/bin:$PATH
need cargo rustc cmake pkg-config
cmake --install "$BUILD" --prefix "$work/tree" >/dev/null
cp -r "$SOURCE/bindings/rust" "$work/rust"
cd "$work/rust"
export CARGO_HOME=$work/home CARGO_NET_OFFLINE=true
unset PKG_CONFIG_PATH MEMSEAL_LIB_DIR MEMSEAL_SOURCE

# No library anywhere.
exits 101 env PKG_CONFIG_LIBDIR="$work/nowhere" cargo build
says 'Install libmemseal-dev'
exits 101 cargo build --features bundled
says 'needs memseal'"'"'s source package'

library=$(dirname "$(find "$work/tree" -name libmemseal.so)")
export PKG_CONFIG_PATH=$library/pkgconfig
export LD_LIBRARY_PATH=$library
cargo test -q
# linked FOLDER: which libraries the tests of a build ask for.
linked() {
  local program
  program=$(find "$1/debug/deps" -name 'attacks-*' -type f -executable)
  readelf --wide --dynamic "$program" | grep NEEDED
}
linked target | grep -F libmemseal.so

# One program, nothing to install beside it. The sources were compiled for
# $BUILD already: the compiler's cache has them, if it forgets the folder.
unset LD_LIBRARY_PATH PKG_CONFIG_PATH
export MEMSEAL_SOURCE=$SOURCE CCACHE_NOHASHDIR=1 CARGO_TARGET_DIR=$work/bundled
cargo test -q -p memseal --features bundled --test attacks
linked "$work/bundled" >"$work/needed"
not grep -F libmemseal "$work/needed"
