// The real program with a tiny model, through its whole life.
#include <grpc/grpc.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/file_identity.h"
#include "proto/worker_exit_codes.h"
#include "tests/engine/random_model.h"
#include "tests/worker/process.h"
#include "tests/worker/temp_dir.h"
#include "tests/worker/worker_client.h"

namespace bitnet {
namespace {

class WorkerProcessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { grpc_init(); }

  void SetUp() override {
    // Two tiny layers, and a context so long that nothing generates to its end while a test looks away.
    const absl::Status written = WriteRandomModel({.max_seq_len = 2048}, model_);
    ASSERT_TRUE(written.ok()) << written;
  }

  std::vector<std::string> Arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"--model", model_, "--socket", socket_, "--log-level", "warning"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Runs until a client or a signal ends it, for all the context there is.
  std::unique_ptr<grpc::ClientReader<worker::v1::GenerateResponse>> GenerateLong(
      worker::v1::WorkerService::Stub* stub, grpc::ClientContext* context) const {
    worker::v1::GenerateRequest request = RequestWithPrompt({1, 2, 3});
    request.set_ignore_eos(true);
    return stub->Generate(context, request);
  }

  static void ExpectFailure(WorkerProcess* worker, const std::string& start, const std::string& part,
                            int exit_code) {
    const std::string line = worker->ReadLine();
    EXPECT_EQ(line.substr(0, start.size()), start) << line;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, line);
    EXPECT_EQ(worker->Wait().exit_code, exit_code);
  }

  TempDir directory_;
  const std::string model_ = directory_ / "tiny.gguf";
  const std::string socket_ = directory_ / "w.sock";
};

TEST_F(WorkerProcessTest, WritesReadyOnceItServes) {
  WorkerProcess worker(Arguments());
  EXPECT_EQ(worker.ReadLine(), "READY");
  const auto stub = ConnectToWorker(socket_);
  grpc::ClientContext context;
  v1::Model model;
  const grpc::Status status = stub->GetModel(&context, {}, &model);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(model.name(), "tiny");
  EXPECT_EQ(model.fingerprint(), *FileIdentity(model_));
}

TEST_F(WorkerProcessTest, GeneratesTheSameTokensWhenItGoesOnHalfWay) {
  WorkerProcess worker(Arguments());
  ASSERT_EQ(worker.ReadLine(), "READY");
  const auto stub = ConnectToWorker(socket_);
  worker::v1::GenerateRequest request = RequestWithPrompt({1, 2, 3});
  request.mutable_sampling()->set_temperature(1);
  request.set_ignore_eos(true);
  request.set_max_tokens(12);
  request.set_logprobs(2);
  grpc::ClientContext whole_context;
  const Answer whole = ReadToEnd(stub->Generate(&whole_context, request).get());
  ASSERT_TRUE(whole.status.ok()) << whole.status.error_message();
  ASSERT_EQ(whole.tokens.size(), 12u);
  ASSERT_EQ(whole.finished.size(), 1u);
  EXPECT_EQ(whole.finished[0].reason(), v1::FINISH_REASON_LENGTH);
  for (size_t i = 0; i < 5; ++i) request.add_generated(whole.tokens[i].token().id());
  grpc::ClientContext rest_context;
  const Answer rest = ReadToEnd(stub->Generate(&rest_context, request).get());
  ASSERT_EQ(rest.tokens.size(), 7u);
  for (size_t i = 0; i < rest.tokens.size(); ++i) {
    EXPECT_EQ(rest.tokens[i].SerializeAsString(), whole.tokens[i + 5].SerializeAsString()) << i;
    EXPECT_EQ(rest.tokens[i].token().index(), i + 5);
    EXPECT_EQ(rest.tokens[i].token().alternatives_size(), 2);
  }
}

TEST_F(WorkerProcessTest, FreesTheSlotOfAClientThatLeaves) {
  WorkerProcess worker(Arguments({"--max-sequences", "1"}));
  ASSERT_EQ(worker.ReadLine(), "READY");
  const auto stub = ConnectToWorker(socket_);
  grpc::ClientContext leaving;
  auto reader = GenerateLong(stub.get(), &leaving);
  worker::v1::GenerateResponse first;
  ASSERT_TRUE(reader->Read(&first));
  EXPECT_TRUE(first.has_admitted());
  leaving.TryCancel();
  // There is one slot: this ends only if it has become free.
  worker::v1::GenerateRequest request = RequestWithPrompt({1});
  request.set_max_tokens(1);
  grpc::ClientContext context;
  EXPECT_TRUE(ReadToEnd(stub->Generate(&context, request).get()).status.ok());
  EXPECT_FALSE(ReadToEnd(reader.get()).status.ok());
}

TEST_F(WorkerProcessTest, SaysWhyADamagedModelCannotBeServed) {
  std::ofstream(model_, std::ios::trunc) << "GG";
  WorkerProcess worker(Arguments());
  ExpectFailure(&worker, "FAILED ", "tiny.gguf", kWorkerExitBadModel);
}

TEST_F(WorkerProcessTest, SaysThatThereIsNoModel) {
  std::filesystem::remove(model_);
  WorkerProcess worker(Arguments());
  ExpectFailure(&worker, "FAILED ", "tiny.gguf", kWorkerExitBadModel);
}

TEST_F(WorkerProcessTest, SaysWhichInstructionSetsThereAre) {
  WorkerProcess worker(Arguments({"--isa", "z80"}));
  ExpectFailure(&worker, "FAILED --isa z80", "portable", kWorkerExitBadModel);
}

TEST_F(WorkerProcessTest, NarrowsItsInstructionSetAndThreads) {
  WorkerProcess worker(Arguments({"--isa", "portable", "--threads", "2", "--no-mmap"}));
  ASSERT_EQ(worker.ReadLine(), "READY");
  const auto stub = ConnectToWorker(socket_);
  grpc::ClientContext context;
  worker::v1::WorkerStatus status;
  ASSERT_TRUE(stub->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.isa(), "portable");
  EXPECT_EQ(status.threads(), 2u);
}

TEST_F(WorkerProcessTest, RefusesFlagsItDoesNotKnow) {
  EXPECT_EQ(WorkerProcess(Arguments({"--nonsense"})).Wait().exit_code, kWorkerExitUsage);
  EXPECT_EQ(WorkerProcess(Arguments({"--cpus", "3-1"})).Wait().exit_code, kWorkerExitUsage);
  EXPECT_EQ(WorkerProcess(Arguments({"--threads", "-1"})).Wait().exit_code, kWorkerExitUsage);
}

TEST_F(WorkerProcessTest, SaysThatASocketPathIsTooLong) {
  WorkerProcess worker({"--model", model_, "--socket", directory_ / std::string(200, 'x')});
  ExpectFailure(&worker, "FAILED socket path", "bytes: wanted 1 to", kWorkerExitUsage);
}

TEST_F(WorkerProcessTest, LeavesWhenItsParentDies) {
  WorkerProcess worker(Arguments());
  ASSERT_EQ(worker.ReadLine(), "READY");
  const auto stub = ConnectToWorker(socket_);
  grpc::ClientContext context;
  auto reader = GenerateLong(stub.get(), &context);
  worker::v1::GenerateResponse first;
  ASSERT_TRUE(reader->Read(&first));
  worker.CloseParentPipe();
  EXPECT_EQ(worker.Wait().exit_code, kWorkerExitStopped);
}

TEST_F(WorkerProcessTest, StopsInGoodOrderWhenToldTo) {
  WorkerProcess worker(Arguments());
  ASSERT_EQ(worker.ReadLine(), "READY");
  const auto stub = ConnectToWorker(socket_);
  grpc::ClientContext context;
  auto reader = GenerateLong(stub.get(), &context);
  worker::v1::GenerateResponse first;
  ASSERT_TRUE(reader->Read(&first));
  worker.Kill(SIGTERM);
  const Answer answer = ReadToEnd(reader.get());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.finished.size(), 1u);
  EXPECT_EQ(worker.Wait().exit_code, kWorkerExitStopped);
}

TEST_F(WorkerProcessTest, RemovesItsSocketIfItIsLeftTheRightTo) {
  WorkerProcess worker(Arguments({"--no-sandbox"}));
  ASSERT_EQ(worker.ReadLine(), "READY");
  EXPECT_TRUE(std::filesystem::exists(socket_));
  worker.Kill(SIGTERM);
  EXPECT_EQ(worker.Wait().exit_code, kWorkerExitStopped);
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(WorkerProcessTest, LeavesTheTerminalsInterruptToItsParent) {
  WorkerProcess worker(Arguments());
  ASSERT_EQ(worker.ReadLine(), "READY");
  worker.Kill(SIGINT);
  const auto stub = ConnectToWorker(socket_);
  for (int i = 0; i < 20; ++i) {
    worker::v1::GenerateRequest request = RequestWithPrompt({1});
    request.set_max_tokens(1);
    grpc::ClientContext context;
    const Answer answer = ReadToEnd(stub->Generate(&context, request).get());
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  }
}

TEST_F(WorkerProcessTest, StartsWhereAKilledWorkerWas) {
  {
    WorkerProcess killed(Arguments());
    ASSERT_EQ(killed.ReadLine(), "READY");
    killed.Kill(SIGKILL);
    EXPECT_EQ(killed.Wait().signal, SIGKILL);
  }
  ASSERT_TRUE(std::filesystem::exists(socket_));
  WorkerProcess worker(Arguments());
  EXPECT_EQ(worker.ReadLine(), "READY");
}

TEST_F(WorkerProcessTest, RefusesASocketOfALivingWorker) {
  WorkerProcess living(Arguments());
  ASSERT_EQ(living.ReadLine(), "READY");
  WorkerProcess second(Arguments());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "another process listens on", second.ReadLine());
  const int exit_code = second.Wait().exit_code;
  EXPECT_NE(exit_code, kWorkerExitStopped);
  EXPECT_NE(exit_code, kWorkerExitBadModel);
}

}  // namespace
}  // namespace bitnet
