// One of the answers to a request, as OpenAI writes it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json.h"
#include "service/openai/request.h"

namespace bitnet::openai {

// Told of the answer's events in their order. In a stream each gives elements for `choices` of chunks; else
// they are collected, and Whole gives the one element of the response.
class Choice {
 public:
  virtual ~Choice() = default;
  virtual std::vector<Json> Begin() { return {}; }
  virtual std::vector<Json> Add(const v1::Delta& delta) = 0;
  virtual std::vector<Json> Finish(const v1::Finished& finished) = 0;
  virtual Json Whole() const = 0;
};

std::unique_ptr<Choice> MakeChatChoice(const CompletionRequest& request, int index);
// `prompt` is what it begins with if the request says echo.
std::unique_ptr<Choice> MakeTextChoice(const CompletionRequest& request, int index, std::string prompt);

// "stop" or "length".
std::string_view FinishReasonName(v1::FinishReason reason);

}  // namespace bitnet::openai
