// Keeps what a generation sends.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <vector>

#include "absl/synchronization/notification.h"
#include "engine/generation.h"

namespace bitnet {

// Filled in by the engine's thread; read once finished() was notified, or between a scheduler's steps.
class RecordingSink : public GenerationSink {
 public:
  void OnToken(const GeneratedToken& token) override {
    EXPECT_FALSE(finished_.HasBeenNotified());
    tokens_.push_back(token);
    ids_.push_back(token.id);
    if (on_token) {
      on_token(token);
    }
  }
  void OnEmbedding(std::span<const float> embedding) override {
    EXPECT_FALSE(finished_.HasBeenNotified());
    EXPECT_TRUE(embedding_.empty()) << "embedded twice";
    embedding_.assign(embedding.begin(), embedding.end());
  }
  void OnFinished(FinishReason reason, const GenerationUsage& usage) override {
    EXPECT_FALSE(finished_.HasBeenNotified()) << "finished twice";
    reason_ = reason;
    usage_ = usage;
    finished_.Notify();
  }

  std::function<void(const GeneratedToken&)> on_token;  // Called from OnToken, if set.

  bool is_finished() const { return finished_.HasBeenNotified(); }
  void Wait() const { finished_.WaitForNotification(); }
  const std::vector<int32_t>& ids() const { return ids_; }
  const std::vector<GeneratedToken>& tokens() const { return tokens_; }
  const std::vector<float>& embedding() const { return embedding_; }
  FinishReason reason() const { return reason_; }
  const GenerationUsage& usage() const { return usage_; }

 private:
  std::vector<GeneratedToken> tokens_;
  std::vector<int32_t> ids_;
  std::vector<float> embedding_;
  FinishReason reason_{};
  GenerationUsage usage_;
  absl::Notification finished_;
};

}  // namespace bitnet
