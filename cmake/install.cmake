# SPDX-License-Identifier: Apache-2.0
#
# bin/memseal               the launcher, what users call
# libexec/memseal/          the tool behind it
# lib/memseal/              the modules that it puts into programs
# share/memseal/            the JSON Schema of its reports
# lib/libmemseal.{so,a}     the library, with headers, pkg-config and CMake files
# share/man                 the manual pages
#
# The launcher finds its parts by paths relative to itself (launch/installation),
# so the tree may be moved, and the folders below are not a packager's choice.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

if(NOT MEMSEAL_LIBRARY_ONLY)
  install(TARGETS memseal_launcher DESTINATION bin)
  install(TARGETS memseal_tool DESTINATION libexec/memseal)
  install(TARGETS memseal-audit memseal-preload memseal_provide
          DESTINATION lib/memseal)
  install(FILES docs/man/memseal.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES docs/man/memseal.toml.5
          DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
  install(DIRECTORY packaging/monitoring packaging/ansible packaging/containers
          DESTINATION ${CMAKE_INSTALL_DATADIR}/memseal)
  install(FILES packaging/report.schema.json
          DESTINATION ${CMAKE_INSTALL_DATADIR}/memseal)
  set(completions ${CMAKE_SOURCE_DIR}/packaging/completions)
  install(FILES ${completions}/memseal
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${completions}/_memseal
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${completions}/memseal.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

install(TARGETS memseal_shared memseal_static EXPORT memsealTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/memseal DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
file(GLOB pages CONFIGURE_DEPENDS docs/man/*.3)
install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)

# find_package(memseal) gives memseal::memseal and memseal::static.
set_target_properties(memseal_shared PROPERTIES EXPORT_NAME memseal)
set_target_properties(memseal_static PROPERTIES EXPORT_NAME static)
set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/memseal)
install(EXPORT memsealTargets NAMESPACE memseal:: DESTINATION ${config_folder}
        FILE memsealConfig.cmake)
write_basic_package_version_file(
  ${CMAKE_BINARY_DIR}/memsealConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/memsealConfigVersion.cmake
        DESTINATION ${config_folder})

# Relative, so that an unpacked tree works where it lies.
file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(packaging/memseal.pc.in ${CMAKE_BINARY_DIR}/memseal.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/memseal.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
