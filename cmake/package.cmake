# SPDX-License-Identifier: Apache-2.0
#
# Debian packages, made by ./dev package:
#
#   libmemseal0      the library
#   libmemseal-dev   headers, static library, pkg-config and CMake files
#   memseal          the tools and the modules they put into programs
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGE_NAME memseal)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The memseal authors <memseal@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Memory sealing on Linux")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL library development tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libmemseal0)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION
    "Memory sealing for applications: shared library
 Makes memory mappings immutable: no system call makes sealed memory writable,
 replaces it, moves it or empties it. Enforced by mseal(2) or by a seccomp
 filter.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmemseal-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libmemseal0 (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
    "Memory sealing for applications: development files
 C and C++ headers, the static library, pkg-config and CMake package files.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME memseal)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION
    "Memory sealing for unmodified programs
 Runs programs with their code, constants and relocated data sealed, shows what
 is sealed in a process, and proves it by attacking a copy of it.")
include(CPack)
