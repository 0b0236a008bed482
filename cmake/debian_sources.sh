# shellcheck shell=bash
# To be sourced: libraries for systems that Debian has none for, built from its sources. $folder is where they go: src, obj, prefix;
# $toolchain is CMake's file that describes the system.
: "${folder:?}" "${toolchain:=}"

# missing TEXT: what is needed cannot be had. Exit code 77, or with BITNET_REQUIRE_ALL an error.
missing() {
  echo "$(basename "$0"): $*" >&2
  [[ -z ${BITNET_REQUIRE_ALL:-} ]] || exit 1
  exit 77
}

# provide_sources NAME...: of this Debian, by an apt whose state is in $folder.
provide_sources() {
  [[ -f $folder/src/complete ]] && return
  local apt=$folder/apt
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,sources} "$folder/src"
  # The security updates' archive keeps no sources of versions that were replaced.
  awk 'BEGIN { RS = ""; ORS = "\n\n" } !/debian-security/ { gsub(/Types: deb/, "Types: deb-src"); print }' \
    /etc/apt/sources.list.d/debian.sources > "$apt/sources/debian.sources" || missing "there is no /etc/apt/sources.list.d/debian.sources"
  cat > "$apt/apt.conf" <<EOF
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$apt/sources";
EOF
  export APT_CONFIG=$apt/apt.conf
  (cd "$folder/src" && apt-get --quiet=2 update && apt-get --quiet=2 source "$@") || missing "Debian's sources cannot be had"
  unset APT_CONFIG
  # Debian links libatomic, for its architectures without such instructions; others have no such library.
  [[ ! -d $(echo "$folder"/src/abseil-[0-9]*/) ]] || sed -i '/"-latomic"/d' "$folder"/src/abseil-[0-9]*/absl/copts/AbseilConfigureCopts.cmake
  touch "$folder/src/complete"
}

# build_library SOURCE CMAKE-OPTION...
build_library() {
  local name=$1
  shift
  [[ -f $folder/obj/$name/complete ]] && return
  echo "building $name"
  cmake -S "$folder"/src/"$name"-[0-9]*/ -B "$folder/obj/$name" -G Ninja -D CMAKE_TOOLCHAIN_FILE="$toolchain" \
    -D CMAKE_BUILD_TYPE=Release -D CMAKE_INSTALL_PREFIX="$folder/prefix" -D BUILD_SHARED_LIBS=OFF -D BUILD_TESTING=OFF "$@" &&
    cmake --build "$folder/obj/$name" && cmake --install "$folder/obj/$name" && touch "$folder/obj/$name/complete"
}

# build_engine_libraries [CMAKE-OPTION...]: those of the engine.
# shellcheck disable=SC2120
build_engine_libraries() {
  build_library utf8proc "$@" &&
    build_library pcre2 -D PCRE2_BUILD_TESTS=OFF -D PCRE2_BUILD_PCRE2GREP=OFF "$@" &&
    build_library abseil -D CMAKE_CXX_STANDARD=20 -D ABSL_PROPAGATE_CXX_STD=ON "$@"
}

# copy_headers NAME...: libraries that are headers alone, the same for every machine: nlohmann_json, CLI11.
copy_headers() {
  local name include
  mkdir -p "$folder/prefix/include" "$folder/prefix/share/cmake"
  for name; do
    case $name in
      nlohmann_json) include=nlohmann ;;
      CLI11) include=CLI ;;
    esac
    cp -r "/usr/include/$include" "$folder/prefix/include/"
    cp -r "/usr/share/cmake/$name" "$folder/prefix/share/cmake/"
  done
}
