#include <utility>

#include "service/openai/choice.h"
#include "service/openai/logprobs.h"

namespace bitnet::openai {
namespace {

class TextChoice final : public Choice {
 public:
  TextChoice(const CompletionRequest& request, int index, std::string prompt)
      : index_(index), stream_(request.stream), prompt_(std::move(prompt)) {
    if (request.logprobs) {
      logprobs_.emplace(prompt_.size());
    }
  }

  std::vector<Json> Begin() override {
    if (prompt_.empty()) {
      return {};
    }
    if (!stream_) {
      text_ = prompt_;
      return {};
    }
    return {Element(prompt_)};
  }

  std::vector<Json> Add(const v1::Delta& delta) override {
    if (logprobs_.has_value()) {
      for (const v1::Token& token : delta.tokens()) {
        logprobs_->Add(token);
      }
    }
    if (!stream_) {
      text_ += delta.text();
      return {};
    }
    if (delta.text().empty() && !(logprobs_.has_value() && logprobs_->pending())) {
      return {};
    }
    return {Element(delta.text())};
  }

  std::vector<Json> Finish(const v1::Finished& finished) override {
    finish_reason_ = std::string(FinishReasonName(finished.reason()));
    if (!stream_) {
      return {};
    }
    return {Element("")};
  }

  Json Whole() const override {
    return {{"index", index_},
            {"text", text_},
            {"logprobs", logprobs_.has_value() ? logprobs_->all() : Json()},
            {"finish_reason", finish_reason_}};
  }

 private:
  Json Element(const std::string& text) {
    return {{"index", index_},
            {"text", text},
            {"logprobs", logprobs_.has_value() && logprobs_->pending() ? logprobs_->Take() : Json()},
            {"finish_reason", finish_reason_.empty() ? Json() : Json(finish_reason_)}};
  }

  const int index_;
  const bool stream_;
  const std::string prompt_;
  std::string text_;  // Where it is not streamed.
  std::optional<TextLogprobs> logprobs_;
  std::string finish_reason_;
};

}  // namespace

std::unique_ptr<Choice> MakeTextChoice(const CompletionRequest& request, int index, std::string prompt) {
  return std::make_unique<TextChoice>(request, index, std::move(prompt));
}

std::string_view FinishReasonName(v1::FinishReason reason) {
  switch (reason) {
    case v1::FINISH_REASON_END_TOKEN:
    case v1::FINISH_REASON_STOP_STRING:
      return "stop";
    default:  // Cut off, by whatever limit.
      return "length";
  }
}

}  // namespace bitnet::openai
