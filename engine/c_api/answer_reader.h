// One answer, read event by event.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bitnet/bitnet.h"
#include "engine/answer_text.h"
#include "engine/c_api/answer_sink.h"
#include "engine/c_api/generation_options.h"
#include "engine/engine.h"

namespace bitnet {

// Used by one thread at a time, except for Cancel.
class AnswerReader {
 public:
  // Begins the answer; errors are those of Engine::Submit. It keeps the engine for as long as it lives.
  static absl::StatusOr<std::unique_ptr<AnswerReader>> Create(std::shared_ptr<Engine> engine,
                                                              AnswerRequest request);
  // Cancels what is under way, and waits until the engine has left it.
  ~AnswerReader();

  // From any thread.
  void Cancel() { engine_->Cancel(id_); }

  // Waits for the next token or the end, and fills in `event`, which points into this until the next call.
  // After the end, the end again, without text. DEADLINE_EXCEEDED: nothing came in time.
  absl::Status Next(absl::Duration timeout, bitnet_event& event);

  // Once the end has been read.
  const std::optional<GenerationUsage>& usage() const { return usage_; }

 private:
  AnswerReader(std::shared_ptr<Engine> engine, std::vector<std::string> stops)
      : engine_(std::move(engine)), text_(std::move(stops)) {}

  void ReadToken(AnswerSink::Token token, bitnet_event& event);
  void ReadEnd(const AnswerSink::Finished& finished);
  void DescribeEnd(bitnet_event& event) const;

  const std::shared_ptr<Engine> engine_;
  AnswerText text_;
  AnswerSink events_;
  GenerationId id_ = 0;
  int num_tokens_ = 0;
  bitnet_finish finish_ = BITNET_UNFINISHED;
  std::optional<GenerationUsage> usage_;
  // What the last event points to.
  std::string piece_;
  std::vector<float> logits_;
  std::vector<bitnet_token_logprob> top_logprobs_;
};

}  // namespace bitnet
