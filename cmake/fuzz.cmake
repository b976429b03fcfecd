# SPDX-License-Identifier: Apache-2.0
#
# fuzz/NAME_fuzz.cc is a fuzz target, fuzz/corpus/NAME its inputs. Every build
# replays the inputs as a test; the `fuzz` preset (clang) makes build-fuzz/NAME_fuzz,
# which `./dev fuzz SECONDS` runs.
set(fuzz_core $<TARGET_OBJECTS:core>)
if(MEMSEAL_LIBFUZZER)
  # Only what takes bytes from outside; the rest would be instrumented for
  # nothing.
  file(GLOB pure CONFIGURE_DEPENDS src/base/*.cc src/vm/*.cc src/bpf/*.cc
       src/elf/*.cc src/filter/*.cc src/options/*.cc src/sys/assert.cc)
  list(FILTER pure EXCLUDE REGEX "(_test\\.cc|/freestanding_[^/]*)$")
  add_library(fuzz_core OBJECT EXCLUDE_FROM_ALL ${pure})
  target_link_libraries(fuzz_core PRIVATE core_options)
  set(fuzz_core $<TARGET_OBJECTS:fuzz_core>)
endif()

file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*_fuzz.cc)
foreach(target IN LISTS targets)
  get_filename_component(name ${target} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" subject ${name})
  add_executable(${name} ${target} ${fuzz_core})
  target_link_libraries(${name} PRIVATE rooted_includes memseal_warnings)
  if(MEMSEAL_LIBFUZZER)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    continue()
  endif()
  target_sources(${name} PRIVATE fuzz/replay_main.cc)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME replay_${subject}
                                           RUNTIME_OUTPUT_DIRECTORY
                                           ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME replay_${subject}
           COMMAND ${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${subject})
  set_tests_properties(replay_${subject} PROPERTIES LABELS unit TIMEOUT 60)
endforeach()
