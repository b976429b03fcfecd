# SPDX-License-Identifier: Apache-2.0
#
# The core is built twice from the same sources:
#
#   core               for the library, the tools and the tests; sanitized when
#                      a preset says so;
#   core_freestanding  for code that runs without a C library: the loader module
#                      (before libc is relocated) and the launcher (libc's own
#                      start-up costs several times what it does).
#
# Neither may pull in the C++ runtime: no exceptions, no RTTI, no guards around
# static objects.
set(core_floors
    base
    vm
    bpf
    elf
    filter
    options
    sys
    keeper
    report
    seal
    arena
    faults
    loader)

set(core_sources)
foreach(floor IN LISTS core_floors)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${floor}/*.cc
       ${CMAKE_SOURCE_DIR}/src/${floor}/*.S)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(APPEND core_sources ${sources})
endforeach()
# *_tool.cc need the C++ runtime and belong to the tool and the tests only
# (hosted.cmake): the library depends on libc alone. freestanding_*.cc stand in for the C library;
# *_libc.cc need it.
set(tool_only_sources ${core_sources})
list(FILTER tool_only_sources INCLUDE REGEX "_tool\\.cc$")
list(FILTER core_sources EXCLUDE REGEX "_tool\\.cc$")
set(hosted_sources ${core_sources})
list(FILTER hosted_sources EXCLUDE REGEX "/freestanding_[^/]*$")
set(freestanding_sources ${core_sources})
list(FILTER freestanding_sources EXCLUDE REGEX "_libc\\.cc$")

add_library(core_options INTERFACE)
# src/ is searched for "quoted" includes only: our folder sys/ would otherwise
# stand before the system's <sys/...>.
add_library(rooted_includes INTERFACE)
target_compile_options(rooted_includes INTERFACE "SHELL:-iquote ${CMAKE_SOURCE_DIR}/src")
target_include_directories(rooted_includes INTERFACE ${CMAKE_SOURCE_DIR}/include)
# memseal/error.h: the library's own side of the public headers.
target_compile_definitions(rooted_includes INTERFACE MEMSEAL_BUILDING)
target_link_libraries(core_options INTERFACE rooted_includes)
target_compile_options(
  core_options
  INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti
            -fno-threadsafe-statics> -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_link_libraries(core_options INTERFACE memseal_warnings)

add_library(core OBJECT ${hosted_sources})
target_link_libraries(core PRIVATE core_options)

# Small, fast to load, and without calls into a runtime that is not there.
add_library(freestanding_options INTERFACE)
target_compile_definitions(freestanding_options INTERFACE MEMSEAL_FREESTANDING)
target_compile_options(
  freestanding_options
  INTERFACE -fno-stack-protector -fno-sanitize=all -fno-builtin
            # base/large_local.h
            -Werror=frame-larger-than=2048
            -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
            $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=none>
            # Out-of-line atomics ask libc which instructions there are.
            $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-mno-outline-atomics>
            -O2)

add_library(core_freestanding OBJECT EXCLUDE_FROM_ALL ${freestanding_sources})
target_link_libraries(core_freestanding PRIVATE core_options freestanding_options)

# GCC 12 takes the errno in a std::expected of two small members for read before
# it is written; it is read only where has_value() says that it is there.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION
                                            VERSION_LESS 13)
  set_source_files_properties(
    ${CMAKE_SOURCE_DIR}/src/seal/judge.cc
    ${CMAKE_SOURCE_DIR}/src/arena/c_interface_libc.cc
    PROPERTIES COMPILE_OPTIONS -Wno-maybe-uninitialized)
endif()
