#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Go package passes vet and its tests, over the installed library.
. "$(dirname "$0")/common.inc"
need go cmake pkg-config
cmake --install "$BUILD" --prefix "$work/tree" >/dev/null
library=$(dirname "$(find "$work/tree" -name libmemseal.so)")
export PKG_CONFIG_PATH=$library/pkgconfig
export LD_LIBRARY_PATH=$library
cp -r "$SOURCE/bindings/go" "$work/go"
cd "$work/go"
export GOCACHE=$BUILD/go-cache GOPATH=$work/path GOFLAGS=-mod=mod GOPROXY=off
[[ -z $(gofmt -l .) ]]
go vet .
go test -count=1 .
