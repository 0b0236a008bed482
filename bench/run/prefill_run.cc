#include "bench/run/prefill_run.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "base/status_macros.h"
#include "bench/machine/energy.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

using Clock = std::chrono::steady_clock;

// One for all prompts: each generates a single token.
class LastTokenSink : public GenerationSink {
 public:
  explicit LastTokenSink(int batch) : unfinished_(batch) {}
  void OnToken(const GeneratedToken&) override { last_token_ = Clock::now(); }
  void OnFinished(FinishReason, const GenerationUsage&) override { unfinished_.DecrementCount(); }
  void NotTaken() { unfinished_.DecrementCount(); }
  Clock::time_point Wait() {
    unfinished_.Wait();
    return last_token_;
  }

 private:
  Clock::time_point last_token_;
  absl::BlockingCounter unfinished_;
};

}  // namespace

absl::StatusOr<PrefillTime> RunPrefill(Engine& engine, int batch, int prompt_tokens, uint32_t seed) {
  LastTokenSink sink(batch);
  EnergyMeter meter;
  absl::Status status;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < batch; ++i) {
    GenerationRequest request;
    request.prompt = RandomTokens(prompt_tokens, engine.config().vocab_size, seed * 1000 + i);
    request.max_tokens = 1;
    request.ignore_eos = true;
    if (const auto id = engine.Submit(std::move(request), &sink); !id.ok()) {
      status = id.status();
      sink.NotTaken();
    }
  }
  const Clock::time_point end = sink.Wait();
  RETURN_IF_ERROR(status);
  return PrefillTime{.seconds = std::chrono::duration<double>(end - begin).count(), .joules = meter.Joules()};
}

}  // namespace bitnet
