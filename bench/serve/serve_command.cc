#include "bench/serve/serve_command.h"

#include <grpcpp/create_channel.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/machine/machine.h"
#include "bench/serve/call_times.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "proto/status_mapping.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

using Stub = v1::InferenceService::Stub;

absl::StatusOr<v1::Model> FindModel(Stub& stub) {
  grpc::ClientContext context;
  v1::Model model;
  RETURN_IF_ERROR(FromGrpcStatus(stub.GetModel(&context, v1::GetModelRequest(), &model)));
  return model;
}

absl::StatusOr<CallTimes> Call(Stub& stub, const v1::Model& model, const BenchOptions& options, int seed) {
  v1::GenerateRequest request;
  for (const int32_t id : RandomTokens(options.prompt_tokens.front(), model.vocab_size(), seed)) {
    request.mutable_token_ids()->add_ids(id);
  }
  request.set_max_tokens(options.max_tokens);
  request.set_ignore_eos(true);
  grpc::ClientContext context;
  CallTimes times;
  times.tokens.reserve(options.max_tokens);
  times.begin = CallTimes::Clock::now();
  const auto reader = stub.Generate(&context, request);
  v1::GenerateResponse response;
  while (reader->Read(&response)) {
    if (!response.has_delta()) continue;
    times.tokens.insert(times.tokens.end(), response.delta().tokens_size(), CallTimes::Clock::now());
  }
  RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return times;
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunServeCommand(const BenchOptions& options) {
  const auto channel = grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials());
  const std::unique_ptr<Stub> stub = v1::InferenceService::NewStub(channel);
  ASSIGN_OR_RETURN(const v1::Model model, FindModel(*stub));
  // One that is not counted: the first call of a process opens the connection.
  RETURN_IF_ERROR(Call(*stub, model, options, 0).status());

  std::vector<absl::StatusOr<CallTimes>> answers(options.requests);
  std::atomic<int> next = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < options.concurrent; ++caller) {
    callers.emplace_back([&] {
      for (int i = next++; i < options.requests; i = next++) {
        answers[i] = Call(*stub, model, options, i + 1);
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  std::vector<CallTimes> calls;
  for (absl::StatusOr<CallTimes>& answer : answers) {
    RETURN_IF_ERROR(answer.status());
    calls.push_back(*std::move(answer));
  }
  Record record;
  record["benchmark"] = "serve";
  record["model"] = model.name();
  AddIdentity(record);
  record["batch"] = options.concurrent;
  record["prompt_tokens"] = options.prompt_tokens.front();
  record["requests"] = options.requests;
  AddCallTimes(calls, record);
  return std::vector<Record>{std::move(record)};
}

}  // namespace bitnet
