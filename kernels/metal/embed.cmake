# Writes a C++ file that holds INPUT with its quoted includes put in place, each once: Metal compiles text, and knows of
# no folders. cmake -DROOT=... -DINPUT=kernels/metal/all.metal -DOUTPUT=... -P embed.cmake
cmake_minimum_required(VERSION 3.24)
file(READ ${ROOT}/${INPUT} source)
set(seen)
while(source MATCHES "#include \"(kernels/metal/[a-z0-9_.]+)\"\n")
  set(directive "${CMAKE_MATCH_0}")
  set(path "${CMAKE_MATCH_1}")
  # The first place gets the text, the others nothing.
  set(text "")
  if(NOT path IN_LIST seen)
    list(APPEND seen ${path})
    file(READ ${ROOT}/${path} text)
  endif()
  string(FIND "${source}" "${directive}" begin)
  string(LENGTH "${directive}" length)
  math(EXPR end "${begin} + ${length}")
  string(SUBSTRING "${source}" 0 ${begin} before)
  string(SUBSTRING "${source}" ${end} -1 after)
  set(source "${before}${text}${after}")
endwhile()
string(REPLACE "#pragma once\n" "" source "${source}")
file(WRITE ${OUTPUT} "// Made by kernels/metal/embed.cmake of ${INPUT}.
#include \"kernels/metal/metal_source.h\"

namespace bitnet {

const char kMetalSource[] = R\"METAL(${source})METAL\";

}  // namespace bitnet
")
