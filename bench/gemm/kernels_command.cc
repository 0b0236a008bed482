#include "bench/gemm/kernels_command.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/machine/bandwidth.h"
#include "bench/machine/pinned_threads.h"
#include "bench/models/bench_model.h"
#include "bench/models/shapes.h"
#include "bench/report/statistics.h"
#include "bench/run/session.h"
#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {
namespace {

constexpr size_t kCheckedTiles = 64;     // All of a large matrix would take the portable kernel seconds.
constexpr size_t kMostHeadRows = 32768;  // A part of the head, which would take 1.3 GB in floats.
constexpr double kRepetitionSeconds = 0.03;

using Cases = std::vector<GemmCase> (*)(const GemmShape&, size_t, CpuFeatures);
constexpr Cases kLowBitCases[] = {TernaryGemmCases, TernaryPanelCases, Base3GemmCases,
                                  Base3PanelCases,  GroupedGemmCases,  SignGemmCases};

GemmShape Shape(size_t rows, size_t k) { return {absl::StrCat(rows, "x", k), rows, k}; }

// Copies of one matrix, one after the other in memory, so that each call finds its weights outside of the
// caches, as the layers of a model are.
class Copies {
 public:
  explicit Copies(const GemmCase& gemm)
      : stride_((gemm.weight_bytes + 63) / 64 * 64),
        count_(std::max<size_t>(1, 4 * LastLevelCacheBytes() / stride_ + 1)),
        memory_(stride_ * count_) {
    gemm.fill(memory_.data());
    for (size_t i = 1; i < count_; ++i) {
      std::memcpy(memory_.data() + i * stride_, memory_.data(), gemm.weight_bytes);
    }
  }
  const uint8_t* Next() { return memory_.data() + next_++ % count_ * stride_; }
  const uint8_t* first() const { return memory_.data(); }

 private:
  const size_t stride_;
  const size_t count_;
  size_t next_ = 0;
  AlignedBuffer<uint8_t> memory_;
};

// Seconds of a call.
Summary Time(const GemmCase& gemm, int repetitions, Copies& copies, ThreadPool& pool) {
  using Clock = std::chrono::steady_clock;
  std::vector<float> y(gemm.batch * gemm.shape.rows);
  std::vector<double> seconds;
  // One more: the first finds cold code and is not counted.
  for (int repetition = 0; repetition <= repetitions; ++repetition) {
    const Clock::time_point begin = Clock::now();
    double elapsed = 0;
    int calls = 0;
    for (; elapsed < kRepetitionSeconds; ++calls) {
      const uint8_t* w = copies.Next();
      pool.ParallelFor(gemm.tiles, [&](size_t from, size_t to) { gemm.run(w, from, to, y.data()); });
      elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    }
    if (repetition > 0) seconds.push_back(elapsed / calls);
  }
  return Summarise(seconds);
}

Record MakeRecord(const GemmCase& gemm, const std::string& isa, int threads, const Summary& seconds,
                  Machine& machine) {
  Record record;
  record["benchmark"] = "kernels";
  record["operation"] = gemm.operation;
  record["variant"] = gemm.variant;
  record["shape"] = gemm.shape.name;
  AddIdentity(record);
  record["threads"] = threads;
  record["batch"] = gemm.batch;
  machine.AddCeilings(isa, threads, record);
  const auto weights = static_cast<double>(gemm.weights());
  const double bytes = static_cast<double>(gemm.weight_bytes) / seconds.median;
  const double macs = weights * static_cast<double>(gemm.batch) / seconds.median;
  record["call_seconds"] = seconds.median;
  record["call_seconds_min"] = seconds.min;
  record["call_seconds_max"] = seconds.max;
  record["weight_bytes"] = gemm.weight_bytes;
  record["weights_per_second"] = weights / seconds.median;
  record["bytes_per_second"] = bytes;
  record["bandwidth_share"] = bytes / record["machine_bandwidth"].get<double>();
  record["macs_per_second"] = macs;
  record["int8_share"] = macs / record["machine_int8_macs"].get<double>();
  record["equals_portable"] = true;  // Else there is an error and no record.
  return record;
}

// All cases of one batch, portable ones only where there is nothing else, grouped so that neighbours have the
// same weights.
std::vector<GemmCase> AllCases(const ModelShape& model, size_t batch, CpuFeatures have) {
  std::vector<GemmCase> all;
  const auto add = [&](std::vector<GemmCase> cases) {
    // Everything is checked against it already, and timing it would take most of the time.
    if (cases.size() > 1)
      std::erase_if(cases, [](const GemmCase& gemm) { return gemm.variant == "portable"; });
    all.insert(all.end(), std::make_move_iterator(cases.begin()), std::make_move_iterator(cases.end()));
  };
  for (const Cases cases : kLowBitCases) {
    add(cases(Shape(model.ffn_dim, model.hidden_dim), batch, have));
    add(cases(Shape(model.hidden_dim, model.ffn_dim), batch, have));
  }
  const GemmShape head = Shape(std::min<size_t>(model.vocab_size / 16 * 16, kMostHeadRows), model.hidden_dim);
  add(Int6GemmCases(head, batch, have));
  add(FloatGemmCases(head, batch, have));
  return all;
}

}  // namespace

absl::Status CheckCase(const GemmCase& gemm, const uint8_t* w) {
  const size_t tiles = std::min(gemm.tiles, kCheckedTiles);
  std::vector<float> y(gemm.batch * gemm.shape.rows), expected(y.size());
  gemm.run(w, 0, tiles, y.data());
  gemm.portable(w, 0, tiles, expected.data());
  if (y == expected) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("%s/%s/%s, batch %d: the result differs from portable",
                                             gemm.operation, gemm.variant, gemm.shape.name, gemm.batch));
}

absl::StatusOr<std::vector<Record>> RunKernelsCommand(const BenchOptions& options, Machine& machine) {
  ASSIGN_OR_RETURN(const ModelShape shape, FindShape(options.shape.empty() ? "2b-4t" : options.shape));
  std::vector<Record> records;
  for (const int threads : ThreadCounts(options.threads)) {
    ASSIGN_OR_RETURN(const EngineOptions engine, MakeEngineOptions(options, threads));
    // Before memory is full and CPUs are busy. All variants are held against what the best instruction can
    // do.
    const std::string isa(BestIsa(engine.cpu_features).name);
    machine.Int8Peak(isa, threads);
    machine.Bandwidth(threads);
    ConfineToCpus(threads);
    ThreadPool pool(threads);
    for (const int batch : options.batch) {
      std::unique_ptr<Copies> copies;
      std::string made;
      for (const GemmCase& gemm : AllCases(shape, batch, engine.cpu_features)) {
        const std::string wanted = absl::StrCat(gemm.operation, gemm.shape.name);
        if (wanted != made) {
          copies.reset();
          copies = std::make_unique<Copies>(gemm);
          made = wanted;
        }
        RETURN_IF_ERROR(CheckCase(gemm, copies->first()));
        const Summary seconds = Time(gemm, options.repetitions, *copies, pool);
        records.push_back(MakeRecord(gemm, isa, threads, seconds, machine));
        if (options.progress) {
          std::cerr << absl::StrFormat("%s/%s/%s, batch %d, %d threads: %.1f us\n", gemm.operation,
                                       gemm.variant, gemm.shape.name, batch, threads, seconds.median * 1e6);
        }
      }
    }
    ReleaseFromCpus();
  }
  return records;
}

}  // namespace bitnet
