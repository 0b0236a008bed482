include(CMakePackageConfigHelpers)

# bitnet_install_library(LIBDIR RUNTIME DEVELOPMENT [EXCLUDE_FROM_ALL]): installs the library below LIBDIR. Of the component RUNTIME is
# what a program needs that runs, of the component DEVELOPMENT what one needs that is compiled; they may be the same.
function(bitnet_install_library libdir runtime development)
  set(for_runtime COMPONENT ${runtime} ${ARGN})
  set(for_development COMPONENT ${development} ${ARGN})
  set(package_dir ${libdir}/cmake/bitnet)

  # Each in a set of its own: a program that links the shared library need not have what the static one asks for.
  install(TARGETS bitnet_shared EXPORT ${development}_shared
          LIBRARY DESTINATION ${libdir} NAMELINK_COMPONENT ${development} ${for_runtime})
  install(TARGETS bitnet_static EXPORT ${development}_static ARCHIVE DESTINATION ${libdir} ${for_development})
  install(EXPORT ${development}_shared FILE bitnetSharedTargets.cmake NAMESPACE bitnet::
          DESTINATION ${package_dir} ${for_development})
  install(EXPORT ${development}_static FILE bitnetStaticTargets.cmake NAMESPACE bitnet::
          DESTINATION ${package_dir} ${for_development})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/engine/include/bitnet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${for_development})

  set(source ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(files ${CMAKE_CURRENT_BINARY_DIR}/${development})
  configure_package_config_file(${source}/bitnetConfig.cmake.in ${files}/bitnetConfig.cmake INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file(${files}/bitnetConfigVersion.cmake COMPATIBILITY SameMajorVersion)
  install(FILES ${files}/bitnetConfig.cmake ${files}/bitnetConfigVersion.cmake DESTINATION ${package_dir} ${for_development})

  # Relative to the file, so that an installation can be moved.
  file(RELATIVE_PATH prefix_from_pc /${libdir}/pkgconfig /)
  configure_file(${source}/bitnet.pc.in ${files}/bitnet.pc @ONLY)
  install(FILES ${files}/bitnet.pc DESTINATION ${libdir}/pkgconfig ${for_development})
endfunction()
