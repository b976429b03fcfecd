# SPDX-License-Identifier: Apache-2.0
#
# Toolchain file: build for arm64 on an x86-64 Debian. The compiler is Debian's
# cross compiler; headers and libraries other than libc's come from a sysroot
# that matrix/packages.py unpacks, so nothing foreign is installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(MEMSEAL_SYSROOT "" CACHE PATH "Where matrix/run.py unpacked arm64 Debian")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MEMSEAL_SYSROOT)
set(CMAKE_SYSROOT ${MEMSEAL_SYSROOT})
set(CMAKE_FIND_ROOT_PATH ${MEMSEAL_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
