# shellcheck shell=bash
# To be sourced: a compiler for Macs. $folder is where it goes.
: "${folder:?}"

provide_zig() {
  [[ -x $folder/venv/bin/python && -d $folder/bin ]] && return
  if ! python3 -m venv "$folder/venv" || ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check ziglang; then
    missing "PyPI's ziglang cannot be had"
  fi
  mkdir -p "$folder/bin"
  local tool
  for tool in ar ranlib; do
    printf '#!/bin/sh\nexec "%s/venv/bin/python" -m ziglang %s "$@"\n' "$folder" "$tool" > "$folder/bin/$tool"
  done
  # Abseil gives flags for both of Apple's architectures (-Xarch_x86_64 FLAG), which Apple's compiler tells apart and zig does not.
  # It knows CPUs in the place of -march: without a name M1, which has all that we and Abseil name but int8 matrix products.
  for tool in cc c++; do
    cat > "$folder/bin/$tool" <<EOF
#!/usr/bin/env bash
flags=()
for flag; do
  case \$flag in
    -march=*i8mm*) flags+=(-mcpu=apple_m2) ;;
    -march=* | -Xarch_* | -maes | -msse4.1) ;;
    *) flags+=("\$flag") ;;
  esac
done
exec "$folder/venv/bin/python" -m ziglang $tool -target aarch64-macos.13.0 "\${flags[@]}"
EOF
  done
  chmod +x "$folder"/bin/*
}
