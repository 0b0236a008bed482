# Writes OUTPUT, C++ with the bytes of files: cmake -DOUTPUT=FILE "-DFILES=NAME=PATH;NAME=PATH" -P embed.cmake
set(arrays)
set(entries)
set(index 0)
foreach(file IN LISTS FILES)
  string(REGEX REPLACE "=.*" "" name "${file}")
  string(REGEX REPLACE "^[^=]*=" "" path "${file}")
  file(READ "${path}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${index}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${name}\", {reinterpret_cast<const char*>(kFile${index}), sizeof kFile${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"service/dashboard/embedded_file.h\"

namespace bitnet {
namespace {

${arrays}
const EmbeddedFile kFiles[] = {
${entries}};

}  // namespace

std::span<const EmbeddedFile> DashboardFiles() { return kFiles; }

}  // namespace bitnet
")
