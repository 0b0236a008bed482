// A front with scripted workers, and what a client gets from it.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "service/front.h"

namespace bitnet {

using Reader = std::unique_ptr<grpc::ClientReader<v1::GenerateResponse>>;
inline constexpr absl::Duration kLong = absl::Seconds(30);  // Only a failing test waits this long.

inline v1::GenerateRequest Prompt(const std::string& script) {
  v1::GenerateRequest request;
  request.set_text(script);
  return request;
}

// All that came on a stream.
struct Answer {
  std::vector<v1::GenerateResponse> events;
  grpc::Status status;

  std::string text() const {
    std::string text;
    for (const auto& event : events) text += event.delta().text();
    return text;
  }
  uint32_t num_tokens() const {
    uint32_t tokens = 0;
    for (const auto& event : events) tokens += static_cast<uint32_t>(event.delta().tokens_size());
    return tokens;
  }
  const v1::Finished& finished() const { return events.back().finished(); }
};

inline Answer ReadAll(Reader reader) {
  Answer answer;
  for (v1::GenerateResponse event; reader->Read(&event);) {
    answer.events.push_back(event);
  }
  answer.status = reader->Finish();
  return answer;
}

class FrontTest : public testing::Test {
 protected:
  void StartFront(const std::string& model = "good") { Start({{.name = "fake", .path = model}}); }
  void Start(std::vector<ModelSpec> models) {
    options_.worker_binary = FAKE_WORKER;
    options_.models = std::move(models);
    options_.listen_address = "127.0.0.1:0";
    options_.http_address = "127.0.0.1:0";
    auto front = Front::Start(options_, clusters_);
    ASSERT_TRUE(front.ok()) << front.status();
    front_ = *std::move(front);
    run_ = std::thread([this] { result_ = front_->Run(); });
    stub_ = v1::InferenceService::NewStub(
        grpc::CreateChannel(front_->grpc_address(), grpc::InsecureChannelCredentials()));
  }
  void StartReady(const std::string& model = "good") {
    StartFront(model);
    ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong));
  }
  void TearDown() override {
    if (run_.joinable()) {
      front_->Stop();
      front_->Stop();
      run_.join();
    }
  }
  absl::Status AwaitEnd() {
    run_.join();
    return result_;
  }

  Answer Generate(const v1::GenerateRequest& request) {
    grpc::ClientContext context;
    return ReadAll(stub_->Generate(&context, request));
  }
  Answer Generate(const std::string& script) { return Generate(Prompt(script)); }
  // Of a script in two parts, the second of which the first worker begins when so many tokens have come: what
  // a process says just before it ends may go with it.
  Answer GenerateInTwo(const std::string& first, uint32_t tokens, const std::string& second) {
    const std::string file = absl::StrCat(testing::TempDir(), "/front_test-", getpid());
    grpc::ClientContext context;
    Reader reader =
        stub_->Generate(&context, Prompt(absl::StrCat(first, ";on:1:await-file:", file, ";", second)));
    Answer begun;
    for (v1::GenerateResponse event; begun.num_tokens() < tokens && reader->Read(&event);) {
      begun.events.push_back(event);
    }
    std::ofstream(file).flush();
    Answer answer = ReadAll(std::move(reader));
    answer.events.insert(answer.events.begin(), begun.events.begin(), begun.events.end());
    std::filesystem::remove(file);
    return answer;
  }

  ServiceOptions options_;
  std::vector<CpuCluster> clusters_ = {{"P0", {}, 1}};
  std::unique_ptr<Front> front_;
  std::unique_ptr<v1::InferenceService::Stub> stub_;
  std::thread run_;
  absl::Status result_;
};

}  // namespace bitnet
