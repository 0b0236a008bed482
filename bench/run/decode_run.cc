#include "bench/run/decode_run.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "base/status_macros.h"
#include "bench/machine/energy.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

using Clock = std::chrono::steady_clock;

// Watches all sequences of a run on the engine's thread. A step gives each decoding sequence one token, so
// once all have begun, the first sequence's tokens mark the steps.
class StepWatch {
 public:
  explicit StepWatch(const DecodePlan& plan)
      : plan_(plan), num_unfinished_(plan.batch), num_unstarted_(plan.batch) {
    boundaries_.reserve(wanted());
    joules_.reserve(wanted());
  }

  // Holds the engine up until all were submitted: it would run ahead with the first ones for as long as this
  // process' main thread waits for a CPU. Nothing is timed yet.
  void OnToken(int sequence, int index) {
    submitted_.WaitForNotification();
    if (index == 0) --num_unstarted_;
    if (sequence == 0 && num_unstarted_ == 0 && !enough_.HasBeenNotified()) OnStep(index);
  }
  void OnFinished(int count = 1) {
    if ((num_unfinished_ -= count) > 0) return;
    // Too early, and an error: but nobody shall wait for ever.
    if (!enough_.HasBeenNotified()) enough_.Notify();
    all_finished_.Notify();  // The last thing: whoever waits for it may destroy this.
  }
  void Submitted() { submitted_.Notify(); }
  void WaitForSteps() { enough_.WaitForNotification(); }
  void WaitForEnd() { all_finished_.WaitForNotification(); }

  // After the end.
  absl::StatusOr<DecodeTimes> times() const {
    if (boundaries_.size() < wanted()) {
      return absl::InternalError(
          absl::StrFormat("generation ended after %d of %d repetitions", boundaries_.size(), wanted()));
    }
    DecodeTimes times;
    std::vector<double> joules;
    for (size_t i = 2; i < wanted(); ++i) {
      times.seconds.push_back(std::chrono::duration<double>(boundaries_[i] - boundaries_[i - 1]).count());
      if (joules_.size() == wanted()) joules.push_back(joules_[i] - joules_[i - 1]);
    }
    if (!joules.empty()) times.joules = std::move(joules);
    times.mean_position = plan_.prompt_tokens() + first_index_ + plan_.steps * (1 + plan_.repetitions / 2.0);
    return times;
  }

 private:
  // Where the first stretch, which warms up, begins and ends, and where each repetition does.
  size_t wanted() const { return plan_.repetitions + 2; }

  void OnStep(int index) {
    if (boundaries_.empty()) first_index_ = index;
    if (steps_++ % plan_.steps != 0) return;
    boundaries_.push_back(Clock::now());
    if (const std::optional<double> joules = meter_.Joules()) joules_.push_back(*joules);
    if (boundaries_.size() == wanted()) enough_.Notify();
  }

  const DecodePlan plan_;
  std::atomic<int> num_unfinished_;
  int num_unstarted_;
  int first_index_ = 0;
  int64_t steps_ = 0;
  EnergyMeter meter_;
  std::vector<Clock::time_point> boundaries_;  // Every plan.steps steps.
  std::vector<double> joules_;                 // At these, where counted.
  absl::Notification submitted_;
  absl::Notification enough_;
  absl::Notification all_finished_;
};

class WatchedSink : public GenerationSink {
 public:
  WatchedSink(StepWatch* watch, int sequence) : watch_(watch), sequence_(sequence) {}
  void OnToken(const GeneratedToken& token) override { watch_->OnToken(sequence_, token.index); }
  void OnFinished(FinishReason, const GenerationUsage&) override { watch_->OnFinished(); }

 private:
  StepWatch* watch_;  // Borrowed; outlives this.
  int sequence_;
};

class FirstTokenSink : public GenerationSink {
 public:
  void OnToken(const GeneratedToken&) override { token_time_ = Clock::now(); }
  void OnFinished(FinishReason, const GenerationUsage&) override { finished_.Notify(); }
  Clock::time_point Wait() {
    finished_.WaitForNotification();
    return token_time_;
  }

 private:
  Clock::time_point token_time_;
  absl::Notification finished_;
};

}  // namespace

int DecodePlan::max_tokens() const {
  // The first sequence decodes while the prompts of the others are still read, in chunks that it shares.
  const int reading = (prompt_tokens() * batch + chunk_size - 1) / chunk_size + batch + 2;
  return reading + steps * (repetitions + 1) + 2;
}

absl::StatusOr<DecodeTimes> RunDecode(Engine& engine, const DecodePlan& plan, uint32_t seed) {
  StepWatch watch(plan);
  std::deque<WatchedSink> sinks;
  std::vector<GenerationId> ids;
  absl::Status submitted;
  for (int i = 0; i < plan.batch; ++i) {
    GenerationRequest request;
    request.prompt = RandomTokens(plan.prompt_tokens(), engine.config().vocab_size, seed * 1000 + i);
    request.max_tokens = plan.max_tokens();
    request.ignore_eos = true;
    absl::StatusOr<GenerationId> id = engine.Submit(std::move(request), &sinks.emplace_back(&watch, i));
    if (!id.ok()) {
      submitted = id.status();
      break;
    }
    ids.push_back(*id);
  }
  watch.Submitted();
  if (submitted.ok()) watch.WaitForSteps();
  for (const GenerationId id : ids) {
    engine.Cancel(id);
  }
  if (!submitted.ok()) watch.OnFinished(plan.batch - static_cast<int>(ids.size()));  // Those not taken.
  watch.WaitForEnd();
  RETURN_IF_ERROR(submitted);
  return watch.times();
}

absl::StatusOr<double> TimeFirstToken(Engine& engine) {
  FirstTokenSink sink;
  GenerationRequest request;
  request.prompt = {0};
  request.max_tokens = 1;
  request.ignore_eos = true;
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(engine.Submit(std::move(request), &sink).status());
  return std::chrono::duration<double>(sink.Wait() - begin).count();
}

}  // namespace bitnet
