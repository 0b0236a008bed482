# Read by cpack for each kind of package.

# An archive has programs and model together below one directory, and nothing of Debian's.
if(CPACK_GENERATOR STREQUAL "TGZ")
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_COMPONENTS_ALL server model)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()

# In place of the dpkg-shlibdeps that CPack finds.
if(CPACK_BITNET_SHLIBDEPS)
  set(SHLIBDEPS_EXECUTABLE ${CPACK_BITNET_SHLIBDEPS})
endif()
