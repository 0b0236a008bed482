#include "bench/front/paced_engine.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace bitnet {

absl::StatusOr<Pace> Pace::Parse(const std::string& text) {
  Pace pace;
  for (const absl::string_view setting : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(setting, absl::MaxSplits('=', 1));
    const auto& [name, digits] = parts;
    int value = 0;
    if (!absl::SimpleAtoi(digits, &value) || value < 0) {
      return absl::InvalidArgumentError(absl::StrCat("'", setting, "': wanted NAME=NUMBER"));
    }
    if (name == "step-us") {
      pace.step = absl::Microseconds(std::max(value, 1));
    } else if (name == "slots") {
      pace.slots = std::max(value, 1);
    } else if (name == "prefill-steps") {
      pace.prefill_steps = value;
    } else if (name == "portions") {
      pace.portions = std::max(value, 1);
    } else if (name == "stamped") {
      pace.stamped = value != 0;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("'", name, "': wanted step-us, slots, prefill-steps, ", "portions or stamped"));
    }
  }
  return pace;
}

PacedEngine::PacedEngine(const Pace& pace)
    : pace_(pace), slots_(static_cast<size_t>(pace.slots)), thread_([this] { Run(); }) {}

PacedEngine::~PacedEngine() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void PacedEngine::Submit(Sequence* sequence) {
  const absl::MutexLock lock(&mutex_);
  waiting_.push_back(sequence);
  FillSlots();
}

void PacedEngine::Remove(Sequence* sequence) {
  const absl::MutexLock lock(&mutex_);
  std::erase(waiting_, sequence);
  if (const auto slot = std::ranges::find(slots_, sequence); slot != slots_.end()) {
    *slot = nullptr;
    --running_;
    FillSlots();
  }
}

PacedEngine::Load PacedEngine::load() const {
  const absl::MutexLock lock(&mutex_);
  return {.steps = steps_, .running = running_, .waiting = waiting_.size()};
}

void PacedEngine::FillSlots() {
  for (auto slot = slots_.begin(); running_ < slots_.size() && !waiting_.empty(); ++slot) {
    if (*slot == nullptr) {
      *slot = waiting_.front();
      waiting_.pop_front();
      ++running_;
      (*slot)->steps_to_token_ = pace_.prefill_steps;
      (*slot)->OnAdmitted();
    }
  }
}

// By an absolute clock: a step that took longer is not added to those after it.
void PacedEngine::Run() {
  absl::Time next = absl::Now();
  for (int portion = 0;; portion = (portion + 1) % pace_.portions) {
    next = std::max(next + pace_.step / pace_.portions, absl::Now() - pace_.step);
    const absl::MutexLock lock(&mutex_);
    const auto stopping = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; };
    if (mutex_.AwaitWithDeadline(absl::Condition(&stopping), next)) {
      return;
    }
    GivePortion(portion);
  }
}

void PacedEngine::GivePortion(int portion) {
  if (portion == 0 && running_ > 0) {
    ++steps_;
  }
  for (size_t i = static_cast<size_t>(portion); i < slots_.size(); i += static_cast<size_t>(pace_.portions)) {
    Sequence* const sequence = slots_[i];
    if (sequence == nullptr || sequence->steps_to_token_-- > 0) {
      continue;
    }
    sequence->steps_to_token_ = 0;
    if (!sequence->OnToken()) {
      slots_[i] = nullptr;
      --running_;
    }
  }
  FillSlots();
}

}  // namespace bitnet
