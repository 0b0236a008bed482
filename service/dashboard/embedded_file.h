// Files that are part of the program.
#pragma once

#include <span>
#include <string_view>

namespace bitnet {

struct EmbeddedFile {
  std::string_view name;  // "app.js".
  std::string_view bytes;
};

// Of the live page: those of page/, and the chart library as uplot.js and uplot.css if it was there when this
// was built. Written by embed.cmake.
std::span<const EmbeddedFile> DashboardFiles();

}  // namespace bitnet
