# SPDX-License-Identifier: Apache-2.0
#
# Hosted code of the tool, not part of the library. One static library a folder,
# lowest first; each uses those before it. The first is what the core's folders
# have for the tool only.
find_package(fmt REQUIRED)
add_library(core_tool STATIC ${tool_only_sources})
target_link_libraries(core_tool PUBLIC memseal_static rooted_includes
                                       memseal_warnings fmt::fmt
                                PRIVATE memseal_hardening)
set(below core_tool)
foreach(room process tracer supervisor probe policy service)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_library(${room} STATIC ${sources})
  target_link_libraries(${room} PUBLIC ${below} rooted_includes memseal_warnings
                                       fmt::fmt
                                PRIVATE memseal_hardening)
  set(below ${room})
endforeach()
target_sources(policy PRIVATE $<TARGET_OBJECTS:launch>)
target_link_libraries(supervisor PUBLIC dw) # elfutils: names of callers
