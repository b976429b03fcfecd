# SPDX-License-Identifier: Apache-2.0
#
# What users install, and the demo's attacker. `./dev build` and `./dev demo`
# make these only; the tests, which take several times as long, come with
# `./dev test`.
add_custom_target(
  product
  DEPENDS memseal_launcher memseal_tool memseal-audit memseal-preload
          memseal_provide memseal_shared memseal_static attack)

# Two of the museum (tests/exploits), for the demo.
function(memseal_add_exploit name)
  add_executable(exploit_${name} ${CMAKE_SOURCE_DIR}/tests/exploits/${name}.c)
  set_target_properties(
    exploit_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                               ${CMAKE_BINARY_DIR}/tests/exploits)
  # Bound lazily, as most programs are; built as distributions build, so no
  # sanitizers, and no compiler that knows what free() does to a chunk.
  target_compile_options(exploit_${name} PRIVATE -O1 -fPIE -fno-sanitize=all
                                                 -fno-builtin)
  target_link_options(exploit_${name} PRIVATE -pie -rdynamic -fno-sanitize=all
                      -Wl,-z,lazy,-z,relro,-z,separate-code ${ARGN})
endfunction()
memseal_add_exploit(house_of_muney)
memseal_add_exploit(relro_discarded)
add_dependencies(product exploit_house_of_muney exploit_relro_discarded)

# The attacker of `./dev demo` and of tests/system/run-stops-attacks.sh.
add_executable(attack examples/demo/attack.c)
set_target_properties(attack PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                        ${CMAKE_BINARY_DIR}/examples)
# -z now: looking up a function reads the very pages that an attack took away.
target_link_libraries(attack PRIVATE memseal_warnings -Wl,--no-as-needed
                                     -Wl,-z,now m)
