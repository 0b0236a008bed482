// Ending answers that are under way, and waiting for those that are not yet.
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/engine/c_api/library_fixture.h"

namespace bitnet {
namespace {

// Answers of so many tokens that none gets to its end while a test runs.
class LibraryCancellationTest : public LibraryTest {
 protected:
  LibraryCancellationTest() : LibraryTest({.max_seq_len = 65536}) {
    bitnet_engine_options options = NewEngineOptions();
    options.max_sequences = 1;
    options.max_waiting = 2;
    engine_ = NewEngine(options);
  }
  GenerationHandle NewEndless() {
    bitnet_generation_options options = NewGenerationOptions();
    options.flags = BITNET_IGNORE_EOS;
    return NewGeneration(engine_.get(), Prompt(5), options);
  }

  EngineHandle engine_;
};

TEST_F(LibraryCancellationTest, EndsAnAnswerFromAnotherThread) {
  const GenerationHandle generation = NewEndless();
  struct {
    absl::Notification begun;
    bitnet_finish finish = BITNET_UNFINISHED;
  } seen;
  std::thread canceller([&] {
    seen.begun.WaitForNotification();
    bitnet_generation_cancel(generation.get());
    bitnet_generation_cancel(generation.get());  // No harm.
  });
  const auto callback = [](void* user, const bitnet_event* event) {
    auto& state = *static_cast<decltype(seen)*>(user);
    if (event->index == 0) {
      state.begun.Notify();
    }
    state.finish = event->finish;
    return true;
  };
  EXPECT_EQ(bitnet_generation_run(generation.get(), callback, &seen, nullptr), BITNET_OK);
  canceller.join();
  EXPECT_EQ(seen.finish, BITNET_FINISH_CANCELLED);
  bitnet_generation_cancel(generation.get());  // Nor when it has ended.
}

TEST_F(LibraryCancellationTest, WakesAReaderThatWaits) {
  const GenerationHandle running = NewEndless();
  const GenerationHandle waiting = NewEndless();
  std::thread reader([&] {
    const ReadAnswer answer = ReadToEnd(waiting.get());
    EXPECT_EQ(answer.finish, BITNET_FINISH_CANCELLED);
    EXPECT_TRUE(answer.tokens.empty());
  });
  bitnet_generation_cancel(waiting.get());
  reader.join();
}

TEST_F(LibraryCancellationTest, GivesUpWaitingInTime) {
  const GenerationHandle running = NewEndless();
  const GenerationHandle waiting = NewEndless();
  bitnet_event event = NewEvent();
  bitnet_error error;
  for (const int64_t timeout_ms : {0, 5}) {
    EXPECT_TRUE(Fails(bitnet_generation_next(waiting.get(), timeout_ms, &event, &error), error,
                      BITNET_DEADLINE_EXCEEDED, "no token came"));
  }
  bitnet_generation_cancel(running.get());
  EXPECT_EQ(ReadToEnd(running.get()).finish, BITNET_FINISH_CANCELLED);
  ASSERT_EQ(bitnet_generation_next(waiting.get(), BITNET_WAIT_FOREVER, &event, &error), BITNET_OK);
  EXPECT_EQ(event.index, 0) << "what was waited for in vain comes all the same";
}

TEST_F(LibraryCancellationTest, RefusesMoreThanMayWait) {
  const GenerationHandle running = NewEndless();
  bitnet_event event = NewEvent();
  ASSERT_EQ(bitnet_generation_next(running.get(), BITNET_WAIT_FOREVER, &event, nullptr), BITNET_OK);
  const GenerationHandle waiting[] = {NewEndless(), NewEndless()};
  const int32_t token = 1;
  bitnet_generation* generation = nullptr;
  bitnet_error error;
  EXPECT_TRUE(Fails(bitnet_generation_create(engine_.get(), &token, 1, nullptr, &generation, &error), error,
                    BITNET_RESOURCE_EXHAUSTED, "2 generations are waiting"));
}

TEST_F(LibraryCancellationTest, OutlivesItsEngine) {
  const GenerationHandle generation = NewEndless();
  engine_.reset();
  bitnet_event event = NewEvent();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(bitnet_generation_next(generation.get(), BITNET_WAIT_FOREVER, &event, nullptr), BITNET_OK);
    EXPECT_EQ(event.index, i);
  }
}

TEST_F(LibraryCancellationTest, DestroysWhatIsUnderWay) {
  for (int i = 0; i < 20; ++i) {
    const GenerationHandle running = NewEndless();
    const GenerationHandle waiting = NewEndless();
  }
}

}  // namespace
}  // namespace bitnet
