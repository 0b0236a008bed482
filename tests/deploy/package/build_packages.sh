#!/bin/sh
# build_packages.sh BUILD FOLDER: two versions of the Debian packages of BUILD into FOLDER, both with the programs there are. CPACK names the program.
set -eu
build=$1
folder=$2

rm -rf "$folder"
mkdir -p "$folder"
for version in 0.0.1 0.0.2; do
  (cd "$folder" && "$CPACK" -G DEB --config "$build/CPackConfig.cmake" -B "$folder/$version" \
    -D CPACK_PACKAGE_VERSION="$version" -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip)
  mv "$folder/$version"/*.deb "$folder/"
  rm -rf "${folder:?}/$version"
done
ls -l "$folder"
