// A random model behind the C interface, and handles that destroy themselves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bitnet/bitnet.h"
#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/random_model.h"

namespace bitnet {

struct DestroyEngine {
  void operator()(bitnet_engine* engine) const { bitnet_engine_destroy(engine); }
};
struct DestroyGeneration {
  void operator()(bitnet_generation* generation) const { bitnet_generation_destroy(generation); }
};
using EngineHandle = std::unique_ptr<bitnet_engine, DestroyEngine>;
using GenerationHandle = std::unique_ptr<bitnet_generation, DestroyGeneration>;

// Whether a call failed with this code and a message that contains `part`.
inline testing::AssertionResult Fails(bitnet_code code, const bitnet_error& error, bitnet_code wanted,
                                      const std::string& part) {
  if (code == wanted && error.code == code &&
      std::string(bitnet_error_message(&error)).find(part) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << bitnet_code_name(code) << " and " << bitnet_code_name(error.code)
                                     << ": \"" << error.message << "\"; wanted " << bitnet_code_name(wanted)
                                     << " and \"" << part << "\"";
}

template <typename Options>
Options Initialized(void (*init)(Options*)) {
  Options options;
  init(&options);
  return options;
}

inline bitnet_engine_options NewEngineOptions() { return Initialized(bitnet_engine_options_init); }
inline bitnet_generation_options NewGenerationOptions() {
  return Initialized(bitnet_generation_options_init);
}
inline bitnet_event NewEvent() { return Initialized(bitnet_event_init); }

// All that an answer said.
struct ReadAnswer {
  std::vector<int32_t> tokens;
  std::string text;
  bitnet_finish finish = BITNET_UNFINISHED;
};

inline ReadAnswer ReadToEnd(bitnet_generation* generation) {
  ReadAnswer answer;
  bitnet_event event = NewEvent();
  bitnet_error error;
  do {
    const bitnet_code code = bitnet_generation_next(generation, BITNET_WAIT_FOREVER, &event, &error);
    EXPECT_EQ(code, BITNET_OK) << error.message;
    if (code != BITNET_OK) {
      return answer;
    }
    answer.text.append(event.text, event.text_bytes);
    if (event.finish == BITNET_UNFINISHED) {
      EXPECT_EQ(event.index, static_cast<int32_t>(answer.tokens.size()));
      answer.tokens.push_back(event.token);
    }
  } while (event.finish == BITNET_UNFINISHED);
  EXPECT_EQ(event.index, static_cast<int32_t>(answer.tokens.size()));
  EXPECT_EQ(event.token, -1);
  answer.finish = event.finish;
  return answer;
}

class LibraryTest : public testing::Test {
 protected:
  explicit LibraryTest(const RandomModelShape& shape = {}) : shape_(shape) {
    EXPECT_TRUE(WriteRandomModel(shape_, ModelPath()).ok());
  }

  std::string ModelPath() const { return files_.File("model.gguf"); }

  EngineHandle NewEngine(const bitnet_engine_options& options = NewEngineOptions()) const {
    bitnet_engine* engine = nullptr;
    bitnet_error error;
    EXPECT_EQ(bitnet_engine_create(ModelPath().c_str(), &options, &engine, &error), BITNET_OK)
        << error.message;
    return EngineHandle(engine);
  }
  // Of `length` random tokens.
  std::vector<int32_t> Prompt(size_t length, uint32_t seed = 0) const {
    return RandomTokens(length, shape_.vocab_size, seed);
  }
  static GenerationHandle NewGeneration(bitnet_engine* engine, const std::vector<int32_t>& prompt,
                                        const bitnet_generation_options& options) {
    bitnet_generation* generation = nullptr;
    bitnet_error error;
    EXPECT_EQ(bitnet_generation_create(engine, prompt.data(), prompt.size(), &options, &generation, &error),
              BITNET_OK)
        << error.message;
    return GenerationHandle(generation);
  }

  const RandomModelShape shape_;
  const TemporaryDirectory files_;
};

}  // namespace bitnet
