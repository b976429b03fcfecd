# SPDX-License-Identifier: Apache-2.0
#
# What users install, and the demo's attacker. `./dev build` and `./dev demo`
# make these only; the tests, which take several times as long, come with
# `./dev test`.
add_custom_target(
  product
  DEPENDS memseal_launcher memseal_tool memseal-audit memseal-preload
          memseal_provide memseal_shared memseal_static attack)

# The attacker of `./dev demo` and of tests/system/run-stops-attacks.sh.
add_executable(attack examples/demo/attack.c)
set_target_properties(attack PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                        ${CMAKE_BINARY_DIR}/examples)
# -z now: looking up a function reads the very pages that an attack took away.
target_link_libraries(attack PRIVATE memseal_warnings -Wl,--no-as-needed
                                     -Wl,-z,now m)
