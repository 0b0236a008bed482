#include "engine/scheduler/step_energy.h"

#include <gtest/gtest.h>

#include "tests/engine/recording_sink.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

// A counter that takes a joule each time that it is looked at, which is once a step and once after a pause.
class JoulePerLook {
 public:
  EnergyCounter counter() {
    return [this] { return std::optional<double>(looks_++); };
  }
  double joules() const { return looks_ - 1; }  // The first look is where it begins.

 private:
  double looks_ = 0;
};

TEST(StepEnergyTest, ChargesSequencesWithAllThatWasCounted) {
  JoulePerLook energy;
  TinyScheduler tiny({.energy_counter = energy.counter()});
  RecordingSink sinks[3];
  for (int i = 0; i < 3; ++i) {
    tiny.scheduler.Add(i + 1, MakeRequest(20 + 10 * i, 5 + i), &sinks[i]);
  }
  tiny.RunAll();
  double sum = 0;
  for (const RecordingSink& sink : sinks) {
    ASSERT_TRUE(sink.usage().joules.has_value());
    EXPECT_GT(*sink.usage().joules, 0);
    sum += *sink.usage().joules;
  }
  EXPECT_NEAR(sum, tiny.scheduler.energy()->charged_joules(), 1e-9);
  EXPECT_NEAR(sum + tiny.scheduler.energy()->idle_joules() + tiny.scheduler.energy()->carried_joules(),
              energy.joules(), 1e-9);
}

TEST(StepEnergyTest, ChargesALongPromptMoreThanAShortOne) {
  JoulePerLook energy;
  TinyScheduler tiny({.energy_counter = energy.counter()});
  RecordingSink longer;
  RecordingSink shorter;
  tiny.scheduler.Add(1, MakeRequest(60, 2, 1), &longer);
  tiny.scheduler.Add(2, MakeRequest(3, 2, 2), &shorter);
  tiny.RunAll();
  EXPECT_GT(longer.usage().joules.value(), shorter.usage().joules.value());
}

TEST(StepEnergyTest, TellsWithEachTokenWhatItTookSoFar) {
  JoulePerLook energy;
  TinyScheduler tiny({.energy_counter = energy.counter()});
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(10, 6), &sink);
  tiny.RunAll();
  double last = 0;
  for (const GeneratedToken& token : sink.tokens()) {
    EXPECT_GT(token.joules.value(), last);
    last = *token.joules;
  }
  EXPECT_DOUBLE_EQ(sink.usage().joules.value(), last);
}

TEST(StepEnergyTest, ChargesWhoIsCancelledAsWell) {
  JoulePerLook energy;
  TinyScheduler tiny({.energy_counter = energy.counter()});
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(10, 6), &sink);
  tiny.scheduler.Step();
  tiny.scheduler.Cancel(1);
  EXPECT_GT(sink.usage().joules.value(), 0);
}

TEST(StepEnergyTest, SaysNothingWithoutACounter) {
  TinyScheduler tiny;
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(10, 6), &sink);
  tiny.RunAll();
  EXPECT_EQ(sink.usage().joules, std::nullopt);
  EXPECT_EQ(sink.tokens()[0].joules, std::nullopt);
  EXPECT_EQ(tiny.scheduler.energy(), nullptr);
}

TEST(StepEnergyTest, SaysNothingWhileTheCounterDoesNot) {
  TinyScheduler tiny({.energy_counter = [] { return std::optional<double>(); }});
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(10, 6), &sink);
  tiny.RunAll();
  EXPECT_EQ(sink.usage().joules, std::nullopt);
}

}  // namespace
}  // namespace bitnet
