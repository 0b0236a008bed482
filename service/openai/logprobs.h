// Log probabilities, in OpenAI's two forms.
#pragma once

#include <cstddef>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json.h"

namespace bitnet::openai {

// Of chats: {"token", "logprob", "bytes", "top_logprobs"}. A part of a character is U+FFFD as text.
Json ChatLogprob(const v1::Token& token);

// Of completions: parallel arrays.
class TextLogprobs {
 public:
  // Offsets count from there, in bytes of UTF-8.
  explicit TextLogprobs(size_t first_offset) : offset_(first_offset) {}

  void Add(const v1::Token& token);
  bool pending() const { return !all_["tokens"].empty(); }
  const Json& all() const { return all_; }
  // All since the last time.
  Json Take();

 private:
  static Json Empty() {
    return {{"tokens", Json::array()},
            {"token_logprobs", Json::array()},
            {"top_logprobs", Json::array()},
            {"text_offset", Json::array()}};
  }

  size_t offset_;
  Json all_ = Empty();
};

}  // namespace bitnet::openai
