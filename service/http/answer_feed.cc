#include "service/http/answer_feed.h"

#include <chrono>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/rpc/answer_stream.h"

namespace bitnet {

// All of it under the answer's lock.
class AnswerFeed::Stream final : public AnswerStream {
 public:
  explicit Stream(std::shared_ptr<Wakeup> wakeup) : wakeup_(std::move(wakeup)) {}

  void Pump() override { wakeup_->Notify(); }
  void EndWith(absl::Status status) override {
    end_ = std::move(status);
    wakeup_->Notify();
  }
  uint32_t next_index() const override { return reader_.next_index(); }

  bool Read(const AnswerLog& log, v1::GenerateResponse& out) {
    if (end_.has_value() || !reader_.Next(log, out)) {
      return false;
    }
    if (out.has_finished()) {
      end_ = absl::OkStatus();
    }
    return true;
  }
  const std::optional<absl::Status>& end() const { return end_; }

 private:
  const std::shared_ptr<Wakeup> wakeup_;
  AnswerReader reader_{0};
  std::optional<absl::Status> end_;
};

AnswerFeed::AnswerFeed(const char* method, std::shared_ptr<AnswerSession> answer,
                       std::shared_ptr<Wakeup> wakeup)
    : method_(method),
      answer_(std::move(answer)),
      arrived_(absl::Now()),
      stream_(std::make_shared<Stream>(std::move(wakeup))) {
  const absl::MutexLock lock(&answer_->mutex());
  answer_->Start(stream_, std::chrono::system_clock::time_point::max());
}

AnswerFeed::~AnswerFeed() {
  const absl::MutexLock lock(&answer_->mutex());
  absl::Status status = absl::CancelledError("it was not read to its end");
  if (stream_->end().has_value()) {
    status = *stream_->end();
  } else if (answer_->end().has_value() && !answer_->log().finished().has_value()) {
    status = *answer_->end();
  }
  answer_->Detach(*stream_);
  answer_->Count(method_, status, absl::Now() - arrived_);
}

std::optional<v1::GenerateResponse> AnswerFeed::Next() {
  const absl::MutexLock lock(&answer_->mutex());
  v1::GenerateResponse response;
  if (!stream_->Read(answer_->log(), response)) {
    return std::nullopt;
  }
  answer_->OnRead(*stream_, response.delta().tokens_size());
  return response;
}

std::optional<absl::Status> AnswerFeed::end() const {
  const absl::MutexLock lock(&answer_->mutex());
  if (stream_->end().has_value()) {
    return stream_->end();
  }
  return answer_->log().finished().has_value() ? std::nullopt : answer_->end();  // That is yet to be read.
}

std::optional<v1::Waiting> AnswerFeed::Waiting(absl::Time now) {
  const absl::MutexLock lock(&answer_->mutex());
  return answer_->Waiting(now);
}

}  // namespace bitnet
