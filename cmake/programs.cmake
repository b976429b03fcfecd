# SPDX-License-Identifier: Apache-2.0

# What decides how a program is started sealed, for the tool and its tests. The
# launcher builds the same sources without a C library.
file(GLOB launch_sources CONFIGURE_DEPENDS src/launch/*.cc)
list(FILTER launch_sources EXCLUDE REGEX "_test\\.cc$")
set(hosted_launch_sources ${launch_sources})
list(FILTER hosted_launch_sources EXCLUDE REGEX "/freestanding_[^/]*$")
add_library(launch OBJECT ${hosted_launch_sources})
target_link_libraries(launch PRIVATE core_options)

# `memseal` itself. -no-pie and static: nothing has to relocate it.
add_executable(memseal_launcher ${launch_sources}
                                $<TARGET_OBJECTS:core_freestanding>)
set_target_properties(memseal_launcher PROPERTIES OUTPUT_NAME memseal)
target_link_libraries(memseal_launcher PRIVATE core_options freestanding_options
                                               gcc)
target_link_options(
  memseal_launcher
  PRIVATE -nostdlib -static -no-pie -fno-sanitize=all -Wl,--gc-sections
          -Wl,-z,noexecstack -Wl,--build-id=none
          # Few segments: each costs execve a mapping.
          -Wl,-z,noseparate-code -Wl,-z,norelro)
add_dependencies(memseal_launcher memseal_tool)

# The tool: every verb. Its name is the launcher's business; users call it
# `memseal`. All but main is a library, for unit tests of the verbs' parts.
find_package(fmt REQUIRED)
file(GLOB cli_sources CONFIGURE_DEPENDS src/cli/*.cc)
list(FILTER cli_sources EXCLUDE REGEX "(_test|/main)\\.cc$")
add_library(cli STATIC ${cli_sources})
target_compile_definitions(cli PUBLIC MEMSEAL_VERSION="${PROJECT_VERSION}")
target_link_libraries(cli PUBLIC service rooted_includes memseal_warnings fmt::fmt
                          PRIVATE memseal_hardening)

add_executable(memseal_tool src/cli/main.cc $<TARGET_OBJECTS:core>)
set_target_properties(memseal_tool PROPERTIES OUTPUT_NAME memseal-tool)
target_link_libraries(memseal_tool PRIVATE cli memseal_hardening)
target_link_options(memseal_tool PRIVATE -pie)

# The loader modules have no C library: no DT_NEEDED, nothing to bind lazily.
function(memseal_add_module name)
  add_library(${name} MODULE ${ARGN} $<TARGET_OBJECTS:core_freestanding>)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PRIVATE core_options freestanding_options gcc)
  target_link_options(
    ${name} PRIVATE -nostdlib -fno-sanitize=all -Wl,-z,defs,-z,now,-z,relro,--gc-sections
    -Wl,--version-script=${CMAKE_SOURCE_DIR}/src/audit/${name}.map
    -Wl,--hash-style=gnu,-z,max-page-size=4096,-z,noexecstack
    # Headers, text and constants in one mapping: each is paid for at each start.
    -Wl,-z,noseparate-code)
endfunction()

memseal_add_module(memseal-audit src/audit/audit.cc)
memseal_add_module(memseal-preload src/audit/preload.cc
                   src/audit/dlopen_wrapper.cc)
target_link_options(memseal-preload PRIVATE -Wl,-z,initfirst)
