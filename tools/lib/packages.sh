# SPDX-License-Identifier: Apache-2.0
# Sourced by the verbs: which Debian packages each job needs, and how to get
# those that are missing.

build_packages=(g++ cmake ninja-build pkg-config ccache
  libcli11-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev
  libdw-dev libelf-dev libgtest-dev libgmock-dev librapidcheck-dev
  libbenchmark-dev libsodium-dev libz3-dev)
# Real programs that the tests run sealed.
test_packages=(curl wrk python3 python3-jsonschema perl git nodejs nginx-light
  redis-server redis-tools postgresql default-jdk-headless musl-tools golang-go
  rustc strace valgrind gdb procps mandoc systemd bash-completion zsh fish
  meson)
# The packages for Rust, Python and Go, and what their users build with.
binding_packages=(cargo rustc golang-go python3 python3-pip python3-setuptools
  python3-wheel mypy)
# What debian/control builds with, and what judges and tries the result.
package_packages=(build-essential fakeroot debhelper dh-python python3 cmake g++
  ninja-build libcli11-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev
  libdw-dev libelf-dev)
try_packages=(debootstrap lintian)
site_packages=(mkdocs doxygen python3)
look_packages=(chromium)
# clang 14 formats; clang 16 is the first that compiles std::expected of
# libstdc++ 12 for every type.
check_packages=(clang-format-14 clang-tidy-16 shellcheck doxygen python3 git
  abigail-tools)
fuzz_packages=(clang-16 libclang-rt-16-dev)
matrix_packages=(qemu-system-x86 python3 perl redis-server redis-tools)
arm64_packages=(qemu-system-arm g++-aarch64-linux-gnu)
# ./dev fleet: what operators run beside memseal.
fleet_packages=(prometheus prometheus-node-exporter ansible-core runc crun
  devscripts chromium curl)
command -v npm >/dev/null || fleet_packages+=(npm) # or of whoever has Node's own
demo_packages=(python3)

# install_missing PACKAGE...: does nothing, and needs no network, when all are
# there.
install_missing() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null |
      grep -q 'install ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      echo "dev: these packages are missing and installing them needs root:" \
        "${missing[*]}" >&2
      return 1
    }
    root=(sudo)
  fi
  echo "dev: installing ${missing[*]}" >&2
  # policy-rc.d: a package's service must not start on a build machine.
  local log; log=$(mktemp)
  {
    "${root[@]}" apt-get update -qq &&
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 || {
    tail -20 "$log" >&2
    echo "dev: apt-get could not install: ${missing[*]}" >&2
    return 1
  }
  rm -f "$log"
}
