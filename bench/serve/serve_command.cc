#include "bench/serve/serve_command.h"

#include <grpcpp/create_channel.h>

#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "bench/machine/machine.h"
#include "bench/serve/call_times.h"
#include "bench/serve/load_plan.h"
#include "bench/serve/measured_call.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "proto/status_mapping.h"

namespace bitnet {
namespace {

using Stub = v1::InferenceService::Stub;
using Clock = CallTimes::Clock;

absl::StatusOr<v1::Model> FindModel(Stub& stub, const std::string& token) {
  grpc::ClientContext context;
  Authorize(token, context);
  v1::Model model;
  RETURN_IF_ERROR(FromGrpcStatus(stub.GetModel(&context, v1::GetModelRequest(), &model)));
  return model;
}

// Makes calls and collects what became of them.
class LoadGenerator {
 public:
  LoadGenerator(Stub& stub, v1::Model model, const BenchOptions& options)
      : stub_(stub), model_(std::move(model)), options_(options) {}

  // Open loop, with a rate: calls are made at their times whatever became of those before. Closed loop: a
  // number of callers, each of whom waits for the answer before the next call.
  std::vector<CallTimes> Run(const std::vector<PlannedCall>& plan) {
    const Clock::time_point start = Clock::now();
    for (const PlannedCall& call : plan) {
      Clock::time_point begin;
      if (options_.rate > 0) {
        begin =
            start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(call.seconds));
        std::this_thread::sleep_until(begin);
        Enter(static_cast<int>(plan.size()));
      } else {
        Enter(options_.concurrent);
        begin = Clock::now();
      }
      MeasuredCall::Start(stub_, model_, call, options_.token, begin,
                          [this](CallTimes times) { Leave(std::move(times)); });
    }
    Enter(1);  // Alone: all others have left.
    const absl::MutexLock lock(&mutex_);
    return std::move(calls_);
  }

 private:
  // Waits until fewer than `most` are running.
  void Enter(int most) {
    const absl::MutexLock lock(&mutex_);
    const auto room = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return running_ < most; };
    mutex_.Await(absl::Condition(&room));
    ++running_;
  }
  void Leave(CallTimes times) {
    const absl::MutexLock lock(&mutex_);
    --running_;
    calls_.push_back(std::move(times));
    if (options_.progress && calls_.size() % 10 == 0) {
      std::cerr << absl::StrFormat("\r%d answers, %d running ", calls_.size(), running_) << std::flush;
    }
  }

  Stub& stub_;
  const v1::Model model_;
  const BenchOptions& options_;
  absl::Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<CallTimes> calls_ ABSL_GUARDED_BY(mutex_);
};

// Says of calls that were not answered what the first one was told.
void Complain(const std::vector<CallTimes>& calls) {
  for (const CallTimes& call : calls) {
    if (!call.status.ok()) {
      std::cerr << "not all were answered; one was told " << call.status << "\n";
      return;
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunServeCommand(const BenchOptions& options) {
  const auto channel = grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials());
  const std::unique_ptr<Stub> stub = v1::InferenceService::NewStub(channel);
  ASSIGN_OR_RETURN(const v1::Model model, FindModel(*stub, options.token));
  LoadPlan plan = {.requests = 1,
                   .rate = 0,
                   .prompt_tokens = options.prompt_tokens,
                   .max_tokens = options.max_tokens,
                   .seed = options.seed};
  // One that is not counted: the first call of a process opens the connection.
  for (const CallTimes& call : LoadGenerator(*stub, model, options).Run(PlanCalls(plan))) {
    RETURN_IF_ERROR(call.status);
  }
  plan.requests = options.requests;
  plan.rate = options.rate;
  const std::vector<CallTimes> calls = LoadGenerator(*stub, model, options).Run(PlanCalls(plan));
  if (options.progress) std::cerr << "\n";
  Complain(calls);
  Record record;
  record["benchmark"] = "serve";
  record["model"] = model.name();
  AddIdentity(record);
  if (options.rate > 0) {
    record["rate"] = options.rate;
  } else {
    record["batch"] = options.concurrent;
  }
  if (options.prompt_tokens.size() == 1) record["prompt_tokens"] = options.prompt_tokens.front();
  record["requests"] = options.requests;
  AddCallTimes(calls, {.first_token = options.ttft_goal_ms / 1e3, .between = options.itl_goal_ms / 1e3},
               record);
  return std::vector<Record>{std::move(record)};
}

}  // namespace bitnet
