# SPDX-License-Identifier: Apache-2.0
#
# libmemseal-provide.so: preloaded into programs that call mseal(2) on kernels
# that have none. It lives in other people's processes, so: libc only.
# What it takes of the core stays inside.
file(GLOB provide_sources CONFIGURE_DEPENDS src/provide/*.cc)
list(FILTER provide_sources EXCLUDE REGEX "_test\\.cc$")
add_library(memseal_provide SHARED ${provide_sources})
set_target_properties(memseal_provide PROPERTIES OUTPUT_NAME memseal-provide
                                                 LINKER_LANGUAGE C)
target_link_libraries(memseal_provide PRIVATE core_options memseal_static
                                              memseal_hardening)
target_link_options(memseal_provide PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,defs
                                            -Wl,-z,relro,-z,now)
add_dependencies(memseal_provide memseal_tool)
