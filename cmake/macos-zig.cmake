# macOS on Apple Silicon from Linux: zig's compiler with its headers and stubs of libSystem, libraries built from Debian's source packages
# (tests/apple/cross/build.sh, which sets BITNET_MACOS to the folder that has them). Nothing of Apple's SDK is needed, and
# nothing that is built runs here.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_VERSION 22)
set(CMAKE_SYSTEM_PROCESSOR arm64)
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_C_COMPILER $ENV{BITNET_MACOS}/bin/cc)
set(CMAKE_CXX_COMPILER $ENV{BITNET_MACOS}/bin/c++)
set(CMAKE_AR $ENV{BITNET_MACOS}/bin/ar)
set(CMAKE_RANLIB $ENV{BITNET_MACOS}/bin/ranlib)
set(CMAKE_INSTALL_NAME_TOOL true)  # Libraries are static.
# Programs of CMake's own tests need not be linked.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
get_filename_component(cross ${CMAKE_CURRENT_LIST_DIR}/../tests/apple/cross ABSOLUTE)
set(CMAKE_CXX_FLAGS_INIT "-isystem ${cross}/declarations")  # Written from the documentation.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-F ${cross}/frameworks")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-F ${cross}/frameworks")

set(CMAKE_FIND_ROOT_PATH $ENV{BITNET_MACOS}/prefix)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_DIR} "")
set(ENV{PKG_CONFIG_LIBDIR} "$ENV{BITNET_MACOS}/prefix/lib/pkgconfig")
