// Adapters of a front with scripted workers.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "service/front.h"

namespace bitnet {
namespace {

constexpr absl::Duration kLong = absl::Seconds(30);  // Only a failing test waits this long.

class AdapterSetTest : public testing::Test {
 protected:
  void Start(int workers) {
    options_.worker_binary = FAKE_WORKER;
    options_.models = {{.name = "fake", .path = "good", .adapters = first_adapters_}};
    options_.listen_address = "127.0.0.1:0";
    options_.http_address = "127.0.0.1:0";
    options_.admin_address = "127.0.0.1:0";
    options_.num_workers = workers;
    auto front = Front::Start(options_, {{"P0", {}, 1}});
    ASSERT_TRUE(front.ok()) << front.status();
    front_ = *std::move(front);
    run_ = std::thread([this] { static_cast<void>(front_->Run()); });
    AwaitWorkers(workers);
    admin_ = v1::AdminService::NewStub(
        grpc::CreateChannel(front_->admin_address(), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override {
    front_->Stop();
    front_->Stop();
    run_.join();
  }

  void AwaitWorkers(int workers) {
    const absl::Time deadline = absl::Now() + kLong;
    while (front_->pool().Links().size() < static_cast<size_t>(workers) && absl::Now() < deadline) {
      std::this_thread::yield();
    }
    ASSERT_EQ(front_->pool().Links().size(), static_cast<size_t>(workers));
  }
  grpc::Status Load(const std::string& name, const std::string& path) {
    grpc::ClientContext context;
    v1::LoadAdapterRequest request;
    request.set_name(name);
    request.set_path(path);
    v1::Adapter adapter;
    return admin_->LoadAdapter(&context, request, &adapter);
  }
  grpc::Status Unload(const std::string& name) {
    grpc::ClientContext context;
    v1::UnloadAdapterRequest request;
    request.set_name(name);
    v1::UnloadAdapterResponse response;
    return admin_->UnloadAdapter(&context, request, &response);
  }
  static std::vector<std::string> NamesOf(v1::AdminService::Stub& stub) {
    grpc::ClientContext context;
    v1::ListAdaptersResponse response;
    EXPECT_TRUE(stub.ListAdapters(&context, {}, &response).ok());
    std::vector<std::string> names;
    for (const v1::Adapter& adapter : response.adapters()) names.push_back(adapter.name());
    return names;
  }
  // What every worker has, asked of each.
  void ExpectOnAllWorkers(const std::vector<std::string>& names) {
    for (const auto& link : front_->pool().Links()) {
      EXPECT_EQ(NamesOf(*link->admin), names) << link->name;
    }
    EXPECT_EQ(NamesOf(*admin_), names);
  }
  void KillAWorker() {
    const auto before = front_->pool().Links();
    const auto stub = v1::InferenceService::NewStub(
        grpc::CreateChannel(front_->grpc_address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    v1::GenerateRequest request;
    request.set_text("on:1:die");
    const auto reader = stub->Generate(&context, request);
    for (v1::GenerateResponse event; reader->Read(&event);) {
    }
    EXPECT_TRUE(reader->Finish().ok());
    const absl::Time deadline = absl::Now() + kLong;
    const auto restarts = [this] {
      int sum = 0;
      for (const auto& view : front_->pool().Views()) sum += view.restarts();
      return sum;
    };
    while (restarts() == 0 && absl::Now() < deadline) {
      std::this_thread::yield();
    }
    AwaitWorkers(static_cast<int>(before.size()));
  }

  ServiceOptions options_;
  std::vector<std::string> first_adapters_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::thread run_;
};

TEST_F(AdapterSetTest, LoadsOnAllWorkersAndUnloads) {
  Start(2);
  EXPECT_TRUE(Load("a", "x").ok());
  EXPECT_TRUE(Load("b", "y").ok());
  ExpectOnAllWorkers({"a", "b"});
  EXPECT_EQ(Load("a", "z").error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_TRUE(Unload("a").ok());
  ExpectOnAllWorkers({"b"});
  const grpc::Status missing = Unload("a");
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.error_message(), "there is no adapter 'a'; loaded are 'b'");
}

TEST_F(AdapterSetTest, CountsCallsAsOtherRequests) {
  Start(1);
  EXPECT_TRUE(Load("a", "x").ok());
  EXPECT_FALSE(Unload("b").ok());
  EXPECT_EQ(NamesOf(*admin_), std::vector<std::string>{"a"});
  const auto set_weight = [this] {
    grpc::ClientContext context;
    v1::SetWeightRequest request;
    request.set_percent(50);
    v1::SetWeightResponse response;
    return admin_->SetWeight(&context, request, &response);
  };
  EXPECT_EQ(set_weight().error_code(), grpc::StatusCode::FAILED_PRECONDITION);  // No --agent-listen.
  const std::string metrics = front_->Metrics();
  const auto expect_one = [&](const char* method, const char* code, const char* model) {
    const std::string line = absl::StrCat("bitnet_requests_total{code=\"", code, "\",method=\"", method,
                                          "\",model=\"", model, "\",reason=\"\"} 1\n");
    EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
  };
  expect_one("LoadAdapter", "OK", "fake");
  expect_one("UnloadAdapter", "NOT_FOUND", "fake");
  expect_one("ListAdapters", "OK", "fake");
  expect_one("SetWeight", "FAILED_PRECONDITION", "");
}

TEST_F(AdapterSetTest, LeavesNothingBehindWhereAWorkerRefuses) {
  Start(2);
  const grpc::Status status = Load("a", "refuse");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(status.error_message(), "refuse: is no adapter");
  ExpectOnAllWorkers({});
}

TEST_F(AdapterSetTest, GivesAWorkerThatIsStartedAgainWhatTheOthersHave) {
  first_adapters_ = {"first=path"};
  Start(2);
  ExpectOnAllWorkers({"first"});
  EXPECT_TRUE(Load("a", "x").ok());
  EXPECT_TRUE(Load("b", "y").ok());
  EXPECT_TRUE(Unload("a").ok());
  KillAWorker();
  ExpectOnAllWorkers({"first", "b"});
}

TEST_F(AdapterSetTest, GivesWorkersThatAreRestartedOnPurposeWhatTheyHad) {
  Start(2);
  EXPECT_TRUE(Load("a", "x").ok());
  const auto before = front_->pool().Links();
  grpc::ClientContext context;
  v1::RestartWorkersResponse response;
  const grpc::Status status = admin_->RestartWorkers(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  const auto after = front_->pool().Links();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_NE(after[0], before[0]);
  EXPECT_NE(after[1], before[1]);
  ExpectOnAllWorkers({"a"});
}

TEST_F(AdapterSetTest, TakesFromANewWorkerWhatWasUnloaded) {
  first_adapters_ = {"first=path"};
  Start(1);
  EXPECT_TRUE(Unload("first").ok());
  KillAWorker();
  ExpectOnAllWorkers({});
}

}  // namespace
}  // namespace bitnet
