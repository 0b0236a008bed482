#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "bench/front/probes.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"

namespace bitnet {
namespace {

// One call. The owner is told of its end, and deletes it.
class DoomedCall final : private grpc::ClientReadReactor<v1::GenerateResponse> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnEnd(bool had_token, const grpc::Status& status) = 0;
  };

  DoomedCall(v1::InferenceService::Stub* stub, int max_tokens, Owner* owner) : owner_(owner) {
    request_.mutable_token_ids()->add_ids(1);
    request_.set_max_tokens(static_cast<uint32_t>(max_tokens));
    stub->async()->Generate(&context_, &request_, this);
    StartRead(&event_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

 private:
  void OnReadDone(bool ok) override {
    if (ok) {
      had_token_ = had_token_ || event_.has_delta();
      StartRead(&event_);
    }
  }
  void OnDone(const grpc::Status& status) override { owner_->OnEnd(had_token_, status); }

  Owner* const owner_;
  v1::GenerateRequest request_;
  grpc::ClientContext context_;
  v1::GenerateResponse event_;
  bool had_token_ = false;
};

// Keeps `concurrent` calls under way. Cancelling one that has ended already does no harm, so all are kept to
// the end: a few kilobytes each.
class Canceller final : public DoomedCall::Owner {
 public:
  explicit Canceller(const CancelProbe& probe)
      : probe_(probe),
        stub_(v1::InferenceService::NewStub(
            grpc::CreateChannel(probe.address, grpc::InsecureChannelCredentials()))) {}

  Record Run() {
    std::mt19937_64 random(probe_.seed);
    std::uniform_real_distribution<double> share(0, 1);
    for (int i = 0; i < probe_.calls; ++i) {
      CancelDueUntilRoom(probe_.concurrent);
      ++begun_;
      calls_.push_back(std::make_unique<DoomedCall>(stub_.get(), probe_.max_tokens, this));
      due_.push({absl::Now() + share(random) * probe_.within, calls_.back().get()});
    }
    CancelDueUntilRoom(1);
    const absl::MutexLock lock(&mutex_);
    Record record;
    record["calls"] = probe_.calls;
    record["cancelled_before_token"] = before_token_;
    record["cancelled_in_answer"] = in_answer_;
    record["answered"] = answered_;
    record["refused"] = refused_;
    record["failed"] = failed_;
    return record;
  }

 private:
  using Due = std::pair<absl::Time, DoomedCall*>;

  // Cancels at their times until fewer than `most` are running.
  void CancelDueUntilRoom(int most) {
    const auto room = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return begun_ - ended_ < most; };
    for (;;) {
      {
        const absl::MutexLock lock(&mutex_);
        const absl::Time next = due_.empty() ? absl::InfiniteFuture() : due_.top().first;
        if (mutex_.AwaitWithDeadline(absl::Condition(&room), next)) {
          return;
        }
      }
      due_.top().second->Cancel();
      due_.pop();
    }
  }

  void OnEnd(bool had_token, const grpc::Status& status) override {
    const absl::MutexLock lock(&mutex_);
    ++ended_;
    if (status.ok()) {
      ++answered_;
    } else if (status.error_code() == grpc::StatusCode::CANCELLED) {
      ++(had_token ? in_answer_ : before_token_);
    } else if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      ++refused_;
    } else {
      ++failed_;
    }
  }

  const CancelProbe probe_;
  const std::unique_ptr<v1::InferenceService::Stub> stub_;
  std::vector<std::unique_ptr<DoomedCall>> calls_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  int begun_ = 0;

  absl::Mutex mutex_;
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
  int before_token_ ABSL_GUARDED_BY(mutex_) = 0;
  int in_answer_ ABSL_GUARDED_BY(mutex_) = 0;
  int answered_ ABSL_GUARDED_BY(mutex_) = 0;
  int refused_ ABSL_GUARDED_BY(mutex_) = 0;
  int failed_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

Record ProbeCancel(const CancelProbe& probe) { return Canceller(probe).Run(); }

}  // namespace bitnet
