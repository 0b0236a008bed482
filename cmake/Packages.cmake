# `cpack -G DEB`: the packages bitnet (programs and service), bitnet-model-lighthouse, libbitnet1 and libbitnet-dev; deploy/debian has what is
# particular to them.
# `cpack -G TGZ`: programs and model as one archive, which deploy/install takes.
set(CPACK_PACKAGE_NAME bitnet)
set(CPACK_PACKAGE_CONTACT "${BITNET_MAINTAINER}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
# Whatever the umask of who packs.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_COMPONENTS_ALL server debian model debian_model debian_library debian_library_dev)
set(CPACK_COMPONENT_SERVER_GROUP bitnet)
set(CPACK_COMPONENT_DEBIAN_GROUP bitnet)
set(CPACK_COMPONENT_MODEL_GROUP model)
set(CPACK_COMPONENT_DEBIAN_MODEL_GROUP model)
set(CPACK_COMPONENT_DEBIAN_LIBRARY_GROUP library)
set(CPACK_COMPONENT_DEBIAN_LIBRARY_DEV_GROUP library_dev)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

if(CMAKE_CROSSCOMPILING)
  execute_process(COMMAND dpkg-architecture --host-type ${CMAKE_LIBRARY_ARCHITECTURE} --query DEB_HOST_ARCH
                  OUTPUT_VARIABLE CPACK_DEBIAN_PACKAGE_ARCHITECTURE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(CPACK_BITNET_SHLIBDEPS ${PROJECT_BINARY_DIR}/shlibdeps)
  configure_file(cmake/shlibdeps.in ${CPACK_BITNET_SHLIBDEPS} @ONLY)
endif()

set(control ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_DEBIAN_BITNET_PACKAGE_NAME bitnet)
set(CPACK_DEBIAN_BITNET_PACKAGE_SECTION net)
set(CPACK_DEBIAN_BITNET_DESCRIPTION "server for 1-bit language models
Streams answers of 1-bit and ternary language models (BitNet b1.58 and its
kin) over gRPC and OpenAI's HTTP, from processors alone. A front validates,
admits and routes requests to worker processes and survives them. With it
come programs for the terminal, for converting models and for measuring.")
set(CPACK_DEBIAN_BITNET_PACKAGE_SHLIBDEPS ON)
# The user is made by systemd-sysusers; and the service serves the embedded model until it is told another.
set(CPACK_DEBIAN_BITNET_PACKAGE_DEPENDS
    "bitnet-model-lighthouse, init-system-helpers (>= 1.54~), systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_BITNET_PACKAGE_CONTROL_EXTRA ${control}/postinst ${control}/prerm ${control}/postrm ${control}/conffiles)

# A package of its own, so that upgrades of the programs leave the file alone that workers have mapped.
set(CPACK_DEBIAN_MODEL_PACKAGE_NAME bitnet-model-lighthouse)
set(CPACK_DEBIAN_MODEL_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_MODEL_PACKAGE_SECTION misc)
set(CPACK_DEBIAN_MODEL_DESCRIPTION "small language model that comes with bitnet
A ternary model of 6 million weights, trained on definitions of common words.
It serves to try the server out.")

get_target_property(abi_version bitnet_shared SOVERSION)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libbitnet${abi_version})
# CPack knows no Multi-Arch before CMake 3.31; what follows a field's line is the next field.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION "libs\nMulti-Arch: same")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "engine for 1-bit language models - shared library
Runs 1-bit and ternary language models (BitNet b1.58 and its kin) inside a
program, on its processors alone, behind an interface in C.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
# Of the packages this one alone has a library for others. What is compiled with it may need all that it has.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${control}/triggers)

set(CPACK_DEBIAN_LIBRARY_DEV_PACKAGE_NAME libbitnet-dev)
set(CPACK_DEBIAN_LIBRARY_DEV_PACKAGE_SECTION "libdevel\nMulti-Arch: same")
set(CPACK_DEBIAN_LIBRARY_DEV_DESCRIPTION "engine for 1-bit language models - development files
What a program is compiled and linked with that uses libbitnet: the C header,
the static library, and files for CMake and pkg-config.")
# The library of the same version, and what the static one takes of others; CMake finds some of that by pkg-config.
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_COMPONENT_LIBRARY_DEV_DEPENDS library)
set(CPACK_DEBIAN_LIBRARY_DEV_PACKAGE_DEPENDS "libabsl-dev, libpcre2-dev, libutf8proc-dev")
set(CPACK_DEBIAN_LIBRARY_DEV_PACKAGE_RECOMMENDS pkg-config)

set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/PackagesOfGenerator.cmake)
include(CPack)
