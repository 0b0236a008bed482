// The way of an answer to a coroutine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/http/wakeup.h"
#include "service/rpc/answer_reader.h"
#include "service/rpc/answer_session.h"

namespace bitnet {

// Used on one thread. The answer ends without its reader when this goes.
class AnswerFeed {
 public:
  // Starts `answer`, and wakes the coroutine whenever there may be more of it. `method` is what it counts as,
  // "ChatCompletions".
  AnswerFeed(const char* method, std::shared_ptr<AnswerSession> answer, std::shared_ptr<Wakeup> wakeup);
  AnswerFeed(const AnswerFeed&) = delete;
  AnswerFeed& operator=(const AnswerFeed&) = delete;
  ~AnswerFeed();

  // What is next; none if there is nothing yet, or nothing more. The last one is `finished`.
  std::optional<v1::GenerateResponse> Next();
  // Once there is nothing more: how it ended.
  std::optional<absl::Status> end() const;
  // What it waits for, of an answer that a worker has taken.
  std::optional<v1::Waiting> Waiting(absl::Time now);
  const std::string& request_id() const { return answer_->request_id(); }

 private:
  class Stream;

  const char* const method_;
  const std::shared_ptr<AnswerSession> answer_;
  const absl::Time arrived_;
  const std::shared_ptr<Stream> stream_;
};

}  // namespace bitnet
