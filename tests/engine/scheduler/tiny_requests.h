// Requests of the random model, and what they must give.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/engine/recording_sink.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {

inline GenerationRequest MakeRequest(size_t prompt_tokens, int max_tokens, uint32_t seed = 0) {
  return {.prompt = RandomTokens(prompt_tokens, RandomModelShape().vocab_size, seed),
          .sampling = {.temperature = 0.8f, .seed = seed},
          .max_tokens = max_tokens};
}

// The output of one request that has a scheduler to itself, with room enough, and no prefix cache.
inline std::vector<int32_t> RunAlone(const GenerationRequest& request, TinySchedulerOptions options = {}) {
  options.prefix_cache = false;
  TinyScheduler tiny(options);
  RecordingSink sink;
  tiny.scheduler.Add(1, request, &sink);
  tiny.RunAll();
  EXPECT_TRUE(sink.is_finished());
  return sink.ids();
}

}  // namespace bitnet
