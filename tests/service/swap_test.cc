// A model that gets another file while it is served, by scripted workers.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

class SwapTest : public FrontTest {
 protected:
  ~SwapTest() override { std::filesystem::remove_all(folder_); }

  // How its worker starts, and what the command "file" says.
  std::string Write(const std::string& name, const std::string& start, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << start << "\n" << text << "\n";
    return path;
  }
  void StartWith(const std::string& path, int workers = 1) {
    options_.admin_address = "127.0.0.1:0";
    options_.num_workers = workers;
    Start({{.name = "fake", .path = path}});
    ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, workers));
    admin_ = v1::AdminService::NewStub(
        grpc::CreateChannel(front_->admin_address(), grpc::InsecureChannelCredentials()));
  }
  grpc::Status Swap(const std::string& path) {
    v1::SwapModelRequest request;
    request.set_path(path);
    grpc::ClientContext context;
    return admin_->SwapModel(&context, request, &swapped_);
  }
  std::future<grpc::Status> SwapOnAThread(const std::string& path) {
    return std::async(std::launch::async, [this, path] { return Swap(path); });
  }
  // Until new requests wait.
  void AwaitClosed() {
    for (;;) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
      const grpc::Status status = ReadAll(stub_->Generate(&context, Prompt("say:x"))).status;
      if (!status.ok()) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << status.error_message();
        return;
      }
    }
  }
  std::string TextOf(const std::string& script) {
    const Answer answer = Generate(script);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    return answer.text();
  }

  static std::filesystem::path MakeFolder() {
    const std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) / absl::StrCat("swap_test-", getpid());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    return folder;
  }

  const std::filesystem::path folder_ = MakeFolder();
  const std::string old_ = Write("old", "good", "OLD");
  const std::string new_ = Write("new", "good", "NEW");
  std::unique_ptr<v1::AdminService::Stub> admin_;
  v1::Model swapped_;
};

TEST_F(SwapTest, GivesNewRequestsTheNewFile) {
  StartWith(old_, 2);
  const std::string before = front_->models().default_model().Describe().fingerprint();
  EXPECT_EQ(TextOf("file"), "OLD");
  const grpc::Status status = Swap(new_);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_NE(swapped_.fingerprint(), before);
  EXPECT_EQ(swapped_.name(), "fake");
  for (const WorkerPool::View& view : front_->pool().Views()) {
    EXPECT_EQ(view.restarts(), 1);
    EXPECT_EQ(view.restarts_by_reason[static_cast<size_t>(RestartReason::kPlanned)], 1);
  }
  EXPECT_EQ(TextOf("file"), "NEW");
  EXPECT_EQ(TextOf("say:x;on:1:die;file"), "xNEW");  // Its successor has the new one as well.
  EXPECT_TRUE(Swap(new_).ok());                      // Nothing is left to do.
  EXPECT_LE(front_->pool().Views()[0].restarts() + front_->pool().Views()[1].restarts(), 3);
}

TEST_F(SwapTest, LetsAnswersEndOnTheLastWorkerWithTheirFile) {
  StartWith(old_);
  grpc::ClientContext running_context;
  Reader running = stub_->Generate(&running_context, Prompt("say:x;await-cancels:1;file"));
  grpc::ClientContext other_context;
  Reader other = stub_->Generate(&other_context, Prompt("say:x;hang"));
  v1::GenerateResponse event;
  ASSERT_TRUE(running->Read(&event));
  ASSERT_TRUE(other->Read(&event));
  auto swap = SwapOnAThread(new_);
  AwaitClosed();
  EXPECT_EQ(front_->pool().Views()[0].restarts(), 0);
  grpc::ClientContext waiting_context;
  Reader waiting = stub_->Generate(&waiting_context, Prompt("file"));
  other_context.TryCancel();
  const Answer answer = ReadAll(std::move(running));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "xOLD");
  EXPECT_EQ(answer.finished().usage().attempts(), 1u);
  EXPECT_EQ(ReadAll(std::move(waiting)).text(), "NEW");
  EXPECT_TRUE(swap.get().ok());
  EXPECT_FALSE(ReadAll(std::move(other)).status.ok());
}

TEST_F(SwapTest, LetsAnswersGoOnWithWorkersThatHaveTheirFile) {
  StartWith(old_, 2);
  grpc::ClientContext context;
  Reader running = stub_->Generate(&context, Prompt("say:x;on:1:hang;file"));
  v1::GenerateResponse event;
  ASSERT_TRUE(running->Read(&event));
  const grpc::Status status = Swap(new_);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const Answer answer = ReadAll(std::move(running));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "xOLD");
  EXPECT_EQ(answer.finished().usage().attempts(), 2u);
}

TEST_F(SwapTest, ServesTheFileBeforeIfTheNewOneCannotBeLoaded) {
  for (const int workers : {1, 2}) {
    StartWith(old_, workers);
    const grpc::Status status = Swap(Write("bad", "exit:78:bad is cut off", ""));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_NE(status.error_message().find("bad is cut off"), std::string::npos) << status.error_message();
    EXPECT_EQ(TextOf("file"), "OLD");
    EXPECT_EQ(front_->pool().Links().size(), static_cast<size_t>(workers));
    EXPECT_TRUE(Swap(new_).ok());
    EXPECT_EQ(TextOf("file"), "NEW");
    FrontTest::TearDown();
  }
}

TEST_F(SwapTest, SaysWhatIsNotThere) {
  StartWith(old_);
  EXPECT_EQ(Swap((folder_ / "none").string()).error_code(), grpc::StatusCode::NOT_FOUND);
  v1::SwapModelRequest request;
  request.set_model("other");
  request.set_path(new_);
  grpc::ClientContext context;
  EXPECT_EQ(admin_->SwapModel(&context, request, &swapped_).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(front_->pool().Views()[0].restarts(), 0);
}

TEST_F(SwapTest, TakesAFileThatWasReplacedWhenWorkersAreRestarted) {
  StartWith(old_, 2);
  std::filesystem::rename(new_, old_);
  grpc::ClientContext running_context;
  Reader running = stub_->Generate(&running_context, Prompt("say:x;on:1:hang;file"));
  v1::GenerateResponse event;
  ASSERT_TRUE(running->Read(&event));
  grpc::ClientContext context;
  v1::RestartWorkersResponse response;
  const grpc::Status status = admin_->RestartWorkers(&context, {}, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(ReadAll(std::move(running)).text(), "xOLD");
  EXPECT_EQ(TextOf("file"), "NEW");
}

// The successor has to be there within the time in which an answer may go on, all of which the test waits.
#if defined(__SANITIZE_THREAD__)
constexpr absl::Duration kFailoverTime = absl::Seconds(15);  // It starts some ten times as slowly.
#else
constexpr absl::Duration kFailoverTime = absl::Seconds(5);
#endif

TEST_F(SwapTest, DoesNotGoOnWithOtherWeights) {
  options_.failover_time = kFailoverTime;
  StartWith(old_);
  std::filesystem::rename(new_, old_);
  const Answer answer = GenerateInTwo("say:x", 1, "on:1:die;file");  // Its successor has the new file.
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.text(), "x");
  EXPECT_NE(answer.status.error_message().find("has the model file that the answer began with"),
            std::string::npos)
      << answer.status.error_message();
  EXPECT_EQ(TextOf("file"), "NEW");
}

TEST_F(SwapTest, EndsWithTheServer) {
  StartWith(old_);
  grpc::ClientContext context;
  Reader running = stub_->Generate(&context, Prompt("say:x;hang"));
  v1::GenerateResponse event;
  ASSERT_TRUE(running->Read(&event));
  auto swap = SwapOnAThread(new_);
  AwaitClosed();
  front_->Stop();
  front_->Stop();
  EXPECT_TRUE(AwaitEnd().ok());
  EXPECT_FALSE(swap.get().ok());
}

}  // namespace
}  // namespace bitnet
