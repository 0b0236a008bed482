#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/synchronization/blocking_counter.h"
#include "base/status_macros.h"
#include "bench/front/probes.h"
#include "bench/front/stamp.h"
#include "bench/report/statistics.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "proto/status_mapping.h"

namespace bitnet {
namespace {

std::string TextOf(const v1::GenerateResponse& event) { return event.delta().text(); }
std::string TextOf(const worker::v1::GenerateResponse& event) {
  std::string text;
  for (const worker::v1::GeneratedToken& token : event.tokens().tokens()) {
    text += token.text();
  }
  return text;
}

v1::GenerateRequest RequestOf(const DelayProbe& probe, const v1::GenerateRequest& /*kind*/) {
  v1::GenerateRequest request;
  request.mutable_token_ids()->add_ids(1);
  request.set_max_tokens(static_cast<uint32_t>(probe.tokens));
  return request;
}
worker::v1::GenerateRequest RequestOf(const DelayProbe& probe, const worker::v1::GenerateRequest& /*kind*/) {
  worker::v1::GenerateRequest request;
  request.set_attempt(1);
  request.add_prompt(1);
  request.set_max_tokens(static_cast<uint32_t>(probe.tokens));
  return request;
}

struct Arrival {
  int64_t given;  // Nanoseconds.
  int64_t came;
};

// One answer, of a front or of a worker.
template <typename Stub, typename Request, typename Response>
class StampedStream final : private grpc::ClientReadReactor<Response> {
 public:
  StampedStream(Stub* stub, const DelayProbe& probe, absl::BlockingCounter* running)
      : request_(RequestOf(probe, Request())), running_(running) {
    arrivals_.reserve(static_cast<size_t>(probe.tokens));
    stub->async()->Generate(&context_, &request_, this);
    this->StartRead(&event_);
    this->StartCall();
  }

  // Once it has ended.
  const grpc::Status& status() const { return status_; }
  const std::vector<Arrival>& arrivals() const { return arrivals_; }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    const int64_t now = SteadyNanoseconds();
    ForEachStamp(TextOf(event_), [&](int64_t given) { arrivals_.push_back({given, now}); });
    this->StartRead(&event_);
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    running_->DecrementCount();
  }

  const Request request_;
  absl::BlockingCounter* const running_;
  grpc::ClientContext context_;
  Response event_;
  grpc::Status status_;
  std::vector<Arrival> arrivals_;
};

struct Times {
  std::vector<double> delays, between;  // Seconds.

  void Add(const std::vector<Arrival>& arrivals) {
    for (size_t i = arrivals.size() / 10 + 1; i < arrivals.size(); ++i) {
      delays.push_back(static_cast<double>(arrivals[i].came - arrivals[i].given) * 1e-9);
      between.push_back(static_cast<double>(arrivals[i].came - arrivals[i - 1].came) * 1e-9);
    }
  }
};

template <typename Service, typename Request, typename Response>
absl::StatusOr<Times> Measure(const DelayProbe& probe) {
  using Stub = typename Service::Stub;
  const std::unique_ptr<Stub> stub =
      Service::NewStub(grpc::CreateChannel(probe.address, grpc::InsecureChannelCredentials()));
  absl::BlockingCounter running(probe.streams);
  std::vector<std::unique_ptr<StampedStream<Stub, Request, Response>>> streams;
  for (int i = 0; i < probe.streams; ++i) {
    streams.push_back(std::make_unique<StampedStream<Stub, Request, Response>>(stub.get(), probe, &running));
  }
  running.Wait();
  Times times;
  for (const auto& stream : streams) {
    RETURN_IF_ERROR(FromGrpcStatus(stream->status()));
    if (stream->arrivals().size() != static_cast<size_t>(probe.tokens)) {
      return absl::DataLossError(absl::StrFormat("a stream had %d stamped tokens, wanted %d",
                                                 stream->arrivals().size(), probe.tokens));
    }
    times.Add(stream->arrivals());
  }
  return times;
}

}  // namespace

absl::StatusOr<Record> ProbeDelay(const DelayProbe& probe) {
  ASSIGN_OR_RETURN(
      const Times times,
      probe.worker
          ? (Measure<worker::v1::WorkerService, worker::v1::GenerateRequest, worker::v1::GenerateResponse>(
                probe))
          : (Measure<v1::InferenceService, v1::GenerateRequest, v1::GenerateResponse>(probe)));
  Record record;
  record["tokens"] = times.delays.size();
  record["delay_p50"] = Percentile(times.delays, 0.5);
  record["delay_p99"] = Percentile(times.delays, 0.99);
  record["delay_max"] = *std::ranges::max_element(times.delays);
  record["itl_p50"] = Percentile(times.between, 0.5);
  record["itl_p99"] = Percentile(times.between, 0.99);
  return record;
}

}  // namespace bitnet
