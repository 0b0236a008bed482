#include <utility>

#include "service/openai/choice.h"
#include "service/openai/logprobs.h"
#include "service/openai/tool_calls.h"

namespace bitnet::openai {
namespace {

class ChatChoice final : public Choice {
 public:
  ChatChoice(const CompletionRequest& request, int index)
      : index_(index),
        stream_(request.stream),
        logprobs_(request.logprobs),
        tools_(request.tools),
        forced_call_(request.forced_call) {}

  std::vector<Json> Begin() override { return {Chunk({{"role", "assistant"}, {"content", ""}})}; }

  std::vector<Json> Add(const v1::Delta& delta) override {
    if (logprobs_) {
      for (const v1::Token& token : delta.tokens()) {
        pending_logprobs_.push_back(ChatLogprob(token));
      }
    }
    std::vector<Json> chunks;
    AddText(forced_call_ ? Hold(delta.text()) : tools_ ? parser_.Add(delta.text()) : delta.text(), chunks);
    AddCalls(parser_.TakeCalls(), chunks);
    return chunks;
  }

  std::vector<Json> Finish(const v1::Finished& finished) override {
    std::vector<Json> chunks;
    if (forced_call_) {
      FinishForced(chunks);
    } else if (tools_) {
      AddText(parser_.Finish(), chunks);
      AddCalls(parser_.TakeCalls(), chunks);
    }
    finish_reason_ = num_calls_ > 0 ? "tool_calls" : std::string(FinishReasonName(finished.reason()));
    if (stream_) {
      Json last = Chunk(Json::object());
      last["finish_reason"] = finish_reason_;
      chunks.push_back(std::move(last));
    }
    return chunks;
  }

  Json Whole() const override {
    Json message = {{"role", "assistant"}, {"content", text_}, {"refusal", nullptr}};
    if (num_calls_ > 0) {
      if (text_.empty()) {
        message["content"] = nullptr;
      }
      message["tool_calls"] = calls_;
    }
    return {{"index", index_},
            {"message", std::move(message)},
            {"logprobs", logprobs_ ? Json{{"content", pending_logprobs_}, {"refusal", nullptr}} : Json()},
            {"finish_reason", finish_reason_}};
  }

 private:
  Json Chunk(Json delta) {
    return {
        {"index", index_}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  }

  std::string Hold(const std::string& text) {
    held_ += text;
    return "";
  }

  void FinishForced(std::vector<Json>& chunks) {
    if (std::optional<ToolCall> call = ParseToolCall(held_)) {
      AddCalls({*std::move(call)}, chunks);
    } else {
      AddText(held_, chunks);  // It was cut off.
    }
  }

  void AddText(const std::string& text, std::vector<Json>& chunks) {
    if (!stream_) {
      text_ += text;
      return;
    }
    const bool has_logprobs = !pending_logprobs_.empty();
    if (text.empty() && !has_logprobs) {
      return;
    }
    Json chunk = Chunk({{"content", text}});
    if (has_logprobs) {
      chunk["logprobs"] = {{"content", std::exchange(pending_logprobs_, Json::array())},
                           {"refusal", nullptr}};
    }
    chunks.push_back(std::move(chunk));
  }

  void AddCalls(const std::vector<ToolCall>& calls, std::vector<Json>& chunks) {
    for (const ToolCall& call : calls) {
      Json json = ToJson(call);
      if (stream_) {
        json["index"] = num_calls_;
        chunks.push_back(Chunk({{"tool_calls", Json::array({std::move(json)})}}));
      } else {
        calls_.push_back(std::move(json));
      }
      ++num_calls_;
    }
  }

  const int index_;
  const bool stream_, logprobs_, tools_, forced_call_;
  ToolCallParser parser_;
  std::string held_;  // Of a forced call.
  std::string text_;  // Where it is not streamed, as below.
  Json calls_ = Json::array();
  int num_calls_ = 0;
  Json pending_logprobs_ = Json::array();  // Where it is streamed: since the last chunk with text.
  std::string finish_reason_;
};

}  // namespace

std::unique_ptr<Choice> MakeChatChoice(const CompletionRequest& request, int index) {
  return std::make_unique<ChatChoice>(request, index);
}

}  // namespace bitnet::openai
