// What other programs have been reported to reach on Apple's chips.
#pragma once

#include <span>

namespace bitnet {

struct PublishedFigure {
  const char* chip;
  const char* runs_on;  // "gpu" or "cpu"
  const char* program;
  const char* model;
  double tokens_per_second;  // Decoding, one sequence.
  double joules_per_token;   // 0: not reported.
  const char* source;
};

std::span<const PublishedFigure> PublishedFigures();

}  // namespace bitnet
