# SPDX-License-Identifier: Apache-2.0
add_library(memseal_static STATIC $<TARGET_OBJECTS:core>)
set_target_properties(memseal_static PROPERTIES OUTPUT_NAME memseal LINKER_LANGUAGE C)

add_library(memseal_shared SHARED $<TARGET_OBJECTS:core>)
set_target_properties(
  memseal_shared PROPERTIES OUTPUT_NAME memseal VERSION ${PROJECT_VERSION}
                            SOVERSION 0 LINKER_LANGUAGE C)
target_link_options(memseal_shared PRIVATE -Wl,-z,defs -Wl,-z,relro,-z,now)
