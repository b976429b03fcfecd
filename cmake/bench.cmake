# SPDX-License-Identifier: Apache-2.0
#
# bench/NAME.cc becomes build/bench/NAME, by target `benches` only: ./dev bench
# asks for it, everyday builds do not pay for it.
file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.cc)
find_package(PkgConfig)
pkg_check_modules(SODIUM IMPORTED_TARGET libsodium)
add_custom_target(benches)
foreach(source IN LISTS bench_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${source})
  set_target_properties(
    bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                 ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(bench_${name} PRIVATE memseal_static rooted_includes
                                              memseal_warnings)
  if(TARGET PkgConfig::SODIUM)
    target_link_libraries(bench_${name} PRIVATE PkgConfig::SODIUM)
  endif()
  add_dependencies(benches bench_${name})
endforeach()
