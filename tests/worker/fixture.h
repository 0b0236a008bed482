// A WorkerServer with a fake engine on a real socket, and a client connected to it.
#pragma once

#include <grpc/grpc.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/fake_engine.h"
#include "tests/worker/temp_dir.h"
#include "tests/worker/worker_client.h"
#include "worker/worker_server.h"

namespace bitnet {

class WorkerServerFixture : public testing::Test {
 protected:
  // Held to the end, since gRPC's shutdown after the last object of a test may wait 10 s for connections to
  // go.
  static void SetUpTestSuite() { grpc_init(); }

  void SetUp() override {
    auto server = WorkerServer::Start(&engine_, {.name = "fake-model", .fingerprint = "0123"}, socket_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = ConnectToWorker(socket_);
  }

  std::unique_ptr<grpc::ClientReader<worker::v1::GenerateResponse>> Generate(grpc::ClientContext* context,
                                                                             std::vector<uint32_t> prompt = {
                                                                                 FakeTokenizer::kBos}) {
    return stub_->Generate(context, RequestWithPrompt(std::move(prompt)));
  }

  TempDir directory_;
  const std::string socket_ = directory_ / "w.sock";
  FakeEngine engine_;
  std::unique_ptr<WorkerServer> server_;
  std::unique_ptr<worker::v1::WorkerService::Stub> stub_;
};

}  // namespace bitnet
