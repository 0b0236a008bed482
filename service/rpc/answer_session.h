// One answer, from the request to its end, whoever reads it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/rpc/answer_log.h"
#include "service/rpc/answer_text.h"
#include "service/rpc/generation.h"
#include "service/rpc/serving.h"

namespace bitnet {

class AnswerStream;

// Checks the request, has its answer generated, makes text of it, and logs it for the stream that a client
// reads. Without a reader it ends, unless the request is resumable: then it goes on, and is kept with all of
// its log until nobody has read it for serving.resume_window.
//
// Safe to share between threads: who acts on it takes its lock, which also guards its stream.
class AnswerSession final : public RunningCall,
                            private Generation::Owner,
                            private TimerQueue::Sleeper,
                            public std::enable_shared_from_this<AnswerSession> {
 public:
  // `client` is who may wait so much; `serving` outlives it.
  AnswerSession(v1::GenerateRequest request, const Serving& serving, Authenticator::Admitted caller,
                std::string client);

  absl::Mutex& mutex() ABSL_LOCK_RETURNED(mutex_) { return mutex_; }
  const Serving& serving() const { return serving_; }
  const std::string& request_id() const { return request_id_; }
  const std::string& caller_name() const { return caller_name_; }
  // It is complete and will not be asked for any more: nothing holds it but those who have it.
  void Forget() { serving_.timers.Remove(this); }

  // Ends it with `status` after what is ready has been read.
  void End(const absl::Status& status) override;
  void MoveFrom(const WorkerLink& link) override;

  // With the lock held:
  // Begins; an error, which is its end as well, says what is wrong with the request or in its way. A client
  // reads `stream` until `deadline`.
  void Start(const std::shared_ptr<AnswerStream>& stream, std::chrono::system_clock::time_point deadline);
  // Another client reads from `next_index` on; the one that did ends with ABORTED. OUT_OF_RANGE: there are
  // not so many tokens.
  absl::Status Attach(const std::shared_ptr<AnswerStream>& stream);
  // Nobody reads `stream` any more. No effect if another one took its place.
  void Detach(const AnswerStream& stream);
  // Ends it for good: nobody can come back for it.
  void Cancel();
  // A message of `stream` has been taken, with so many tokens.
  void OnRead(const AnswerStream& stream, int tokens);

  const AnswerLog& log() const { return log_; }
  // Once it has ended: how. What is in the log comes before.
  const std::optional<absl::Status>& end() const { return end_; }
  bool has_reader() const { return stream_ != nullptr; }
  // What a client is told in a silence; none: a worker must accept it before any client hears of it.
  std::optional<v1::Waiting> Waiting(absl::Time now);
  std::string Progress() const { return generation_.Progress(); }
  // A client's call has ended.
  void Count(const char* method, const absl::Status& status, absl::Duration duration) const;

 private:
  // From the generation, under the lock.
  absl::Status OnPrepared() override;
  void OnToken(const worker::v1::GeneratedToken& token) override;
  bool OnTokensTaken() override;
  void OnFinished(v1::FinishReason reason, const v1::Usage& usage) override;
  void OnFailed(const absl::Status& status) override { EndWith(status); }
  // From the timers: takes the lock.
  void OnTimer() override;

  absl::Status Admit(std::chrono::system_clock::time_point deadline);
  // Clients may hear of it.
  void Accept();
  void Complete(v1::FinishReason reason, const v1::Usage& usage);
  // Its time is over: it ends with what there is.
  void EndAtLimit();
  // The first end counts.
  void EndWith(absl::Status status);
  void StopWork();
  void PumpStream();
  void ForgetRead();
  void LeaveIfDone();
  void SetTimer();

  const v1::GenerateRequest request_;
  const Serving serving_;
  const std::string caller_name_;
  const std::string client_;
  const absl::Time arrived_;
  const std::string request_id_;

  absl::Mutex mutex_;  // Guards all that follows, and the stream.
  Authenticator::Admitted caller_;
  std::chrono::system_clock::time_point deadline_;
  ServedModel* served_ = nullptr;  // From Admit on, if it found one.
  Admission::Place place_;
  Generation generation_;
  AnswerText text_;
  AnswerLog log_;
  absl::Time last_token_at_;
  bool cancelled_ = false;
  std::optional<absl::Status> end_;
  std::shared_ptr<AnswerStream> stream_;  // That a client reads.
  absl::Time limit_at_ = absl::InfiniteFuture();
  absl::Time kept_until_ = absl::InfiniteFuture();  // Infinite while it is being read.
};

}  // namespace bitnet
