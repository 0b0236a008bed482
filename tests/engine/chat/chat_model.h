// A tokenizer with its chat template, from a model file in memory.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/chat/chat_template.h"
#include "tests/engine/gguf_writer.h"

namespace bitnet {

struct ChatModel {
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<ChatTemplate> chat;  // Refers to `tokenizer`.
};

inline absl::StatusOr<ChatModel> MakeChatModel(const GgufWriter& writer) {
  const std::vector<uint8_t> bytes = writer.Finish();
  const absl::StatusOr<std::unique_ptr<ModelFile>> file = ModelFile::Parse(bytes, "tiny.gguf");
  if (!file.ok()) {
    return file.status();
  }
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = Tokenizer::FromGguf(**file);
  if (!tokenizer.ok()) {
    return tokenizer.status();
  }
  auto chat = std::make_unique<ChatTemplate>(ChatTemplate::FromModel(**file, **tokenizer));
  return ChatModel{*std::move(tokenizer), std::move(chat)};
}

}  // namespace bitnet
