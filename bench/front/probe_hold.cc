#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "bench/front/probes.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"

namespace bitnet {
namespace {

using Stub = v1::InferenceService::Stub;

class HeldStream final : private grpc::ClientReadReactor<v1::GenerateResponse> {
 public:
  HeldStream(Stub* stub, absl::BlockingCounter* waiting, absl::BlockingCounter* running)
      : waiting_(waiting), running_(running) {
    request_.mutable_token_ids()->add_ids(1);
    stub->async()->Generate(&context_, &request_, this);
    StartRead(&event_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }
  bool has_token() const { return has_token_; }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    if (!has_token_ && event_.has_delta()) {
      has_token_ = true;
      waiting_->DecrementCount();
    }
    StartRead(&event_);
  }
  void OnDone(const grpc::Status& /*status*/) override {
    if (!has_token_) {
      waiting_->DecrementCount();
    }
    running_->DecrementCount();
  }

  absl::BlockingCounter* const waiting_;
  absl::BlockingCounter* const running_;
  v1::GenerateRequest request_;
  grpc::ClientContext context_;
  v1::GenerateResponse event_;
  bool has_token_ = false;
};

// Connections of their own, as those of different clients: by default channels to the same address share one.
std::vector<std::unique_ptr<Stub>> Connect(const HoldProbe& probe) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::vector<std::unique_ptr<Stub>> stubs;
  for (int i = 0; i < probe.connections; ++i) {
    stubs.push_back(v1::InferenceService::NewStub(
        grpc::CreateCustomChannel(probe.address, grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

}  // namespace

void ProbeHold(const HoldProbe& probe) {
  const std::vector<std::unique_ptr<Stub>> stubs = Connect(probe);
  absl::BlockingCounter waiting(probe.streams), running(probe.streams);
  std::vector<std::unique_ptr<HeldStream>> streams;
  for (int i = 0; i < probe.streams; ++i) {
    streams.push_back(
        std::make_unique<HeldStream>(stubs[static_cast<size_t>(i) % stubs.size()].get(), &waiting, &running));
  }
  waiting.Wait();
  const auto open = std::ranges::count_if(streams, [](const auto& stream) { return stream->has_token(); });
  Record record;
  record["open"] = open;
  record["refused"] = probe.streams - open;
  std::cout << record.dump() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  for (const auto& stream : streams) {
    stream->Cancel();
  }
  running.Wait();
}

}  // namespace bitnet
