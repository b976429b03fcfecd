# SPDX-License-Identifier: Apache-2.0
#
#   src/FLOOR/NAME_test.cc    unit tests, one program a floor: label "unit"
#   tests/GROUP/NAME_test.cc  tests that need a process or a kernel: "kernel"
#   tests/system/NAME.sh      what a user sees, one script a behaviour: "system"
#
# A GROUP may bring its own CMakeLists.txt for what this pattern cannot say.
enable_testing()
find_package(GTest REQUIRED)

# The reference model is for tests only: no program contains it.
file(GLOB model_sources CONFIGURE_DEPENDS src/model/*.cc)
list(FILTER model_sources EXCLUDE REGEX "_test\\.cc$")
add_library(model STATIC ${model_sources})
target_link_libraries(model PUBLIC rooted_includes PRIVATE core_options)

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.cc)
add_library(test_support STATIC ${support_sources} $<TARGET_OBJECTS:core>)
target_compile_options(test_support PUBLIC "SHELL:-iquote ${CMAKE_SOURCE_DIR}/tests")
target_link_libraries(test_support PUBLIC rooted_includes memseal_warnings
                                          model GTest::gtest_main)

function(memseal_add_test name label)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE test_support)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                           ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300
                                          SKIP_RETURN_CODE 77)
endfunction()

file(GLOB floors LIST_DIRECTORIES true CONFIGURE_DEPENDS src/*)
foreach(floor IN LISTS floors)
  file(GLOB sources CONFIGURE_DEPENDS ${floor}/*_test.cc)
  get_filename_component(name ${floor} NAME)
  if(sources)
    memseal_add_test(unit_${name} unit ${sources})
    if(TARGET ${name}) # a floor above the core, built apart from it
      target_link_libraries(unit_${name} PRIVATE ${name})
    else()
      target_link_libraries(unit_${name} PRIVATE core_tool)
    endif()
  endif()
endforeach()

file(GLOB groups LIST_DIRECTORIES true CONFIGURE_DEPENDS tests/*)
foreach(group IN LISTS groups)
  get_filename_component(name ${group} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${group}/*_test.cc)
  if(EXISTS ${group}/CMakeLists.txt)
    add_subdirectory(${group})
  elseif(sources)
    memseal_add_test(test_${name} kernel ${sources})
  endif()
endforeach()

# What claims-are-tried-by-every-engine.sh runs. -z now: looking up a function
# reads the very pages that an attack took away.
add_executable(tries_every_vector tests/system/programs/tries_every_vector.c)
set_target_properties(tries_every_vector PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                    ${CMAKE_BINARY_DIR}/tests)
target_compile_options(tries_every_vector PRIVATE -fno-sanitize=all)
target_link_options(tries_every_vector PRIVATE -fno-sanitize=all
                    -Wl,--no-as-needed,-z,now)
target_link_libraries(tries_every_vector PRIVATE memseal_warnings m)

file(GLOB scripts CONFIGURE_DEPENDS tests/system/*.sh)
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME system_${name} COMMAND bash ${script})
  set_tests_properties(
    system_${name}
    PROPERTIES LABELS system TIMEOUT 300 SKIP_RETURN_CODE 77 ENVIRONMENT
               "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
endforeach()

# The Debian packages in a fresh system: needs root, a mirror and minutes.
add_test(NAME packages_long COMMAND ${CMAKE_SOURCE_DIR}/dev package --try)
set_tests_properties(packages_long PROPERTIES LABELS long TIMEOUT 3600 RUN_SERIAL
                                              ON SKIP_RETURN_CODE 77)

# Ten thousand images of one process under one filter.
add_test(NAME exec_generations_long
         COMMAND
           bash ${CMAKE_SOURCE_DIR}/tests/system/one-keeper-seals-a-whole-tree.sh)
set_tests_properties(
  exec_generations_long
  PROPERTIES LABELS long TIMEOUT 3600 ENVIRONMENT
             "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR};GENERATIONS=10000")
