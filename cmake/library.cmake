# SPDX-License-Identifier: Apache-2.0
add_library(memseal_static STATIC $<TARGET_OBJECTS:core>)
set_target_properties(memseal_static PROPERTIES OUTPUT_NAME memseal LINKER_LANGUAGE C)

# The shared library is the C interface and what it needs: the floors that serve
# only the tools stay out of it, and with them the C++ library. A file whose name
# ends in _interface_libc defines functions of the public headers.
add_library(memseal_shared SHARED
            $<FILTER:$<TARGET_OBJECTS:core>,INCLUDE,_interface_libc>)
target_link_libraries(memseal_shared PRIVATE memseal_static)
set_target_properties(
  memseal_shared PROPERTIES OUTPUT_NAME memseal VERSION ${PROJECT_VERSION}
                            SOVERSION 0 LINKER_LANGUAGE C)
# Nothing but libc is needed: what C++ leaves in the objects is dropped, and only
# the C interface is visible. Its code may be a signal's handler: it stays.
target_link_options(
  memseal_shared
  PRIVATE
  -Wl,-z,defs
  -Wl,-z,relro,-z,now
  -Wl,-z,nodelete
  -Wl,--as-needed
  -Wl,--version-script=${CMAKE_SOURCE_DIR}/src/seal/exports.map)
set_target_properties(
  memseal_shared PROPERTIES LINK_DEPENDS
                            ${CMAKE_SOURCE_DIR}/src/seal/exports.map)
