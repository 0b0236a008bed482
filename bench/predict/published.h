// What other programs have been reported to reach on Apple's chips.
#pragma once

#include <span>

namespace bitnet {

struct PublishedFigure {
  const char* chip;
  const char* runs_on;  // "gpu" or "cpu"
  const char* program;
  const char* model;
  double tokens_per_second;  // Of one sequence.
  double joules_per_token;   // 0: not reported.
  const char* source;
  int prompt_tokens = 0;  // Read, of a prompt; 0: decoding.
};

std::span<const PublishedFigure> PublishedFigures();

}  // namespace bitnet
