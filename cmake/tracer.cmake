# SPDX-License-Identifier: Apache-2.0
#
# What works on other processes: hosted code of the tool, not part of the
# library.
find_package(fmt REQUIRED)
file(GLOB tracer_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/tracer/*.cc
     ${CMAKE_SOURCE_DIR}/src/supervisor/*.cc)
list(FILTER tracer_sources EXCLUDE REGEX "_test\\.cc$")
add_library(tracer STATIC ${tracer_sources})
target_link_libraries(tracer PUBLIC memseal_static rooted_includes
                                    memseal_warnings fmt::fmt dw)
