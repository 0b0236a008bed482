// Which of a machine's workers requests get, by their kinds of cores.
#include "service/router/worker_pool.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

class WorkerPoolTest : public FrontTest {
 protected:
  WorkerPoolTest() {
    clusters_ = {{"P0", {}, 1, CoreKind::kPerformance}, {"E0", {}, 1, CoreKind::kEfficiency}};
  }
  // Of the worker that a request to the model gets.
  std::string NameOf(const WorkerPool::Wanted& wanted, size_t model = 0) {
    const absl::StatusOr<WorkerLease> lease = front_->models().models()[model]->pool().Pick(wanted);
    return lease.ok() ? lease->name() : lease.status().ToString();
  }
  // The worker that has an answer in progress.
  std::string WorkerOf(v1::Priority priority) {
    grpc::ClientContext context;
    v1::GenerateRequest request = Prompt("say:a;hang");
    request.set_priority(priority);
    const Reader reader = stub_->Generate(&context, request);
    v1::GenerateResponse event;
    while (reader->Read(&event) && !event.has_delta()) {
    }
    std::string names;
    for (const auto& link : front_->pool().Links()) {
      names += link->active > 0 ? link->name : "";
    }
    context.TryCancel();
    while (reader->Read(&event)) {
    }
    static_cast<void>(reader->Finish());
    front_->pool().AwaitUnused(front_->pool().Links()[0]->model.fingerprint());
    return names;
  }
};

TEST_F(WorkerPoolTest, GivesBackgroundRequestsToTheWorkerOnEfficiencyCores) {
  StartFront();
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  EXPECT_EQ(NameOf({.tokens = 10, .background = true}), "W1");
  EXPECT_EQ(NameOf({.tokens = 10}), "W0");
}

TEST_F(WorkerPoolTest, GoesByThePriorityOfARequest) {
  StartFront();
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  EXPECT_EQ(WorkerOf(v1::PRIORITY_BACKGROUND), "W1");
  EXPECT_EQ(WorkerOf(v1::PRIORITY_NORMAL), "W0");
  EXPECT_EQ(WorkerOf(v1::PRIORITY_INTERACTIVE), "W0");
  EXPECT_EQ(WorkerOf(v1::PRIORITY_UNSPECIFIED), "W0");
}

TEST_F(WorkerPoolTest, TakesAnyKindForWantOfOthers) {
  StartFront();
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  const auto links = front_->pool().Links();
  EXPECT_EQ(NameOf({.avoid = links[1].get(), .background = true}), "W0");
  EXPECT_EQ(NameOf({.avoid = links[0].get()}), "W1");
}

TEST_F(WorkerPoolTest, SendsRequestsElsewhereThanToAWorkerThatMayDoLittle) {
  StartFront();
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  const WorkerAllowance allowances[] = {{.weight = 0.0625, .sequences = 3}, {}};
  WorkerPool& pool = front_->models().default_model().pool();
  pool.SetAllowances(allowances);
  EXPECT_EQ(NameOf({.tokens = 10}), "W1");
  EXPECT_EQ(pool.SequenceLimitOf(*pool.Links()[0]), 3);
  EXPECT_EQ(pool.SequenceLimitOf(*pool.Links()[1]), std::nullopt);
}

TEST_F(WorkerPoolTest, KnowsTheKindsOfEachModelsWorkers) {
  Start({{.name = "one", .path = "good"}, {.name = "two", .path = "good"}});
  for (const auto& model : front_->models().models()) {
    ASSERT_TRUE(model->pool().AwaitReady(absl::Now() + kLong, 2));
  }
  EXPECT_EQ(NameOf({.tokens = 10, .background = true}, 1), "W3");
  EXPECT_EQ(NameOf({.tokens = 10}, 1), "W2");
}

}  // namespace
}  // namespace bitnet
