#include "bench/front/paced_engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {
namespace {

TEST(PaceTest, HasDefaultsForWhatIsLeftOut) {
  const absl::StatusOr<Pace> pace = Pace::Parse("");
  ASSERT_TRUE(pace.ok()) << pace.status();
  EXPECT_EQ(pace->step, absl::Milliseconds(10));
  EXPECT_EQ(pace->slots, 64);
  EXPECT_EQ(pace->prefill_steps, 1);
  EXPECT_EQ(pace->portions, 1);
  EXPECT_FALSE(pace->stamped);
}

TEST(PaceTest, ReadsEverySetting) {
  const absl::StatusOr<Pace> pace = Pace::Parse("step-us=2500,slots=3,prefill-steps=0,portions=4,stamped=1");
  ASSERT_TRUE(pace.ok()) << pace.status();
  EXPECT_EQ(pace->step, absl::Microseconds(2500));
  EXPECT_EQ(pace->slots, 3);
  EXPECT_EQ(pace->prefill_steps, 0);
  EXPECT_EQ(pace->portions, 4);
  EXPECT_TRUE(pace->stamped);
}

TEST(PaceTest, TakesAtLeastOneOfWhatItCannotDoWithout) {
  const absl::StatusOr<Pace> pace = Pace::Parse("step-us=0,slots=0,portions=0,stamped=0");
  ASSERT_TRUE(pace.ok()) << pace.status();
  EXPECT_EQ(pace->step, absl::Microseconds(1));
  EXPECT_EQ(pace->slots, 1);
  EXPECT_EQ(pace->portions, 1);
}

TEST(PaceTest, SaysWhatIsWrong) {
  EXPECT_EQ(Pace::Parse("slots=3,step=5").status().message(),
            "'step': wanted step-us, slots, prefill-steps, portions or stamped");
  for (const std::string wrong :
       {"slots", "slots=", "slots=x", "slots=-1", "slots=1=2", "slots=99999999999"}) {
    const absl::Status status = Pace::Parse(wrong).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << wrong;
    EXPECT_EQ(status.message(), "'" + wrong + "': wanted NAME=NUMBER");
  }
}

// What an engine called, in order: "+a" for the admission of a, "a" for a token of it.
class CallLog {
 public:
  void Add(const std::string& call) {
    const absl::MutexLock lock(&mutex_);
    calls_.push_back(call);
  }
  // As soon as there are so many.
  std::vector<std::string> Await(size_t calls) {
    const absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_.size() >= calls; };
    mutex_.Await(absl::Condition(&there));
    return calls_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
};

// Wants so many tokens; 0: no end.
class LoggedSequence final : public PacedEngine::Sequence {
 public:
  LoggedSequence(std::string name, int tokens, CallLog* log)
      : name_(std::move(name)), left_(tokens), log_(log) {}

  void OnAdmitted() override { log_->Add("+" + name_); }
  bool OnToken() override {
    --left_;
    log_->Add(name_);
    return left_ != 0;
  }

 private:
  const std::string name_;
  int left_;
  CallLog* const log_;
};

using Calls = std::vector<std::string>;

Pace Fast(int slots) { return {.step = absl::Microseconds(200), .slots = slots}; }

TEST(PacedEngineTest, GivesASequenceItsTokensAndFreesItsSlot) {
  CallLog log;
  LoggedSequence sequence("a", 3, &log);
  PacedEngine engine(Fast(2));
  engine.Submit(&sequence);
  EXPECT_EQ(log.Await(4), (Calls{"+a", "a", "a", "a"}));
  EXPECT_EQ(engine.load().running, 0u);
  EXPECT_EQ(engine.load().waiting, 0u);
}

TEST(PacedEngineTest, CountsStepsOfPrefillAndOfTokensAndNoneWithoutWork) {
  CallLog log;
  LoggedSequence sequence("a", 2, &log);
  Pace pace = Fast(2);
  pace.prefill_steps = 3;
  PacedEngine engine(pace);
  EXPECT_EQ(engine.load().steps, 0u);
  engine.Submit(&sequence);
  log.Await(3);
  EXPECT_EQ(engine.load().steps, 5u);
}

TEST(PacedEngineTest, HasThoseBeyondItsSlotsWaitInTheirOrder) {
  CallLog log;
  LoggedSequence a("a", 1, &log), b("b", 1, &log), c("c", 1, &log);
  PacedEngine engine(Fast(1));
  for (LoggedSequence* const sequence : {&a, &b, &c}) engine.Submit(sequence);
  EXPECT_EQ(log.Await(6), (Calls{"+a", "a", "+b", "b", "+c", "c"}));
}

TEST(PacedEngineTest, GivesTheSlotOfARemovedSequenceToTheNextOne) {
  CallLog log;
  LoggedSequence endless("a", 0, &log), b("b", 1, &log), c("c", 1, &log);
  PacedEngine engine(Fast(1));
  for (LoggedSequence* const sequence : {&endless, &b, &c}) engine.Submit(sequence);
  EXPECT_EQ(engine.load().running, 1u);
  EXPECT_EQ(engine.load().waiting, 2u);
  engine.Remove(&b);  // It waits.
  engine.Remove(&b);  // It is not there any more.
  EXPECT_EQ(engine.load().waiting, 1u);
  engine.Remove(&endless);
  // Of the endless one there may be any number of tokens, but none after the other's admission.
  Calls calls;
  while (calls.empty() || calls.back() != "c") calls = log.Await(calls.size() + 1);
  EXPECT_EQ(Calls(calls.end() - 2, calls.end()), (Calls{"+c", "c"}));
  EXPECT_EQ(engine.load().running, 0u);
}

TEST(PacedEngineTest, SpreadsTheTokensOfAStepOverItsPortions) {
  CallLog log;
  LoggedSequence a("a", 0, &log), b("b", 0, &log), c("c", 0, &log);
  Pace pace = Fast(3);
  pace.portions = 2;  // a and c have the first and the third slot, and so come together.
  PacedEngine engine(pace);
  for (LoggedSequence* const sequence : {&a, &b, &c}) engine.Submit(sequence);
  // From c's first token on, all three have theirs in each step.
  Calls calls = log.Await(4);
  while (calls.back() != "c") calls = log.Await(calls.size() + 1);
  const size_t begin = calls.size();
  calls = log.Await(begin + 6);
  EXPECT_EQ(Calls(calls.begin() + static_cast<int>(begin), calls.begin() + static_cast<int>(begin) + 6),
            (Calls{"b", "a", "c", "b", "a", "c"}));
}

}  // namespace
}  // namespace bitnet
