#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "base/thread_qos.h"
#include "engine/adapters/open_adapter.h"
#include "engine/cache/kv_cache.h"
#include "engine/grammar/grammar_cache.h"
#include "engine/huggingface/open_model.h"
#include "engine/loaded_model.h"
#include "engine/metal/gpu_steps.h"
#include "engine/scheduler/batch_scheduler.h"
#include "engine/scheduler/check_request.h"
#include "engine/scheduler/prefill_pace.h"
#include "engine/step_histogram.h"
#include "engine/threads/default_threads.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/transformer.h"
#include "engine/weights/locked_memory.h"

namespace bitnet {
namespace {

constexpr size_t kMaxDefaultCacheBytes = size_t{2} << 30;
// Hundreds of steps of a small model, a few of a large one; loading that one takes longer.
constexpr absl::Duration kThreadTrialTime = absl::Milliseconds(500);

// Blocks of the KV cache: as asked for, or a full context for every sequence, but at most 2 GiB.
size_t NumCacheBlocks(const ModelConfig& config, const EngineOptions& options) {
  if (options.kv_cache_tokens > 0) {
    return NumBlocks(options.kv_cache_tokens);
  }
  const size_t affordable = kMaxDefaultCacheBytes / KvCache::BlockBytes(config, options.kv_type);
  return std::max<size_t>(1, std::min(options.max_sequences * NumBlocks(config.max_seq_len), affordable));
}

size_t MaxDraft(const EngineOptions& options) {
  return options.speculation == Speculation::kOff ? 0 : options.max_draft;
}

absl::Status CheckPositive(const char* name, int value) {
  if (value < 1) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is %d; at least 1 is needed", name, value));
  }
  return absl::OkStatus();
}

absl::Status CheckRange(const char* name, int value, int max) {
  if (value < 1 || value > max) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is %d; it must be from 1 to %d", name, value, max));
  }
  return absl::OkStatus();
}

// As asked for, but no more than all prompts that may be read at once can have.
size_t ChunkSize(const EngineOptions& options, const RequestLimits& limits) {
  return std::min<size_t>(options.chunk_size, options.max_sequences * limits.max_positions());
}

class EngineImpl : public Engine {
 public:
  EngineImpl(const EngineOptions& options, std::unique_ptr<ThreadPool> pool,
             std::vector<ThreadTrial> thread_trials, LoadedModel model, std::unique_ptr<Tokenizer> tokenizer)
      : options_(options),
        pool_(std::move(pool)),
        thread_trials_(std::move(thread_trials)),
        model_(std::move(model)),
        locked_(options.lock_memory ? LockWeights(model_.weights) : LockedMemory()),
        tokenizer_(std::move(tokenizer)),
        chat_(ChatTemplate::FromModel(*model_.file, *tokenizer_)),
        cache_(model_.config, NumCacheBlocks(model_.config, options), options.kv_type, options.prefix_cache),
        limits_{.vocab_size = model_.config.vocab_size,
                .max_seq_len = model_.config.max_seq_len,
                .kv_cache_tokens = cache_.capacity_tokens()},
        batch_limits_{.max_tokens = ChunkSize(options, limits_) + options.max_sequences,
                      .max_logits = options.max_sequences + MaxDraft(options)},
        transformer_(model_.config, model_.weights, cache_, options.cpu_features, batch_limits_, pool_.get()),
        scheduler_(&transformer_, &cache_, pool_.get(), model_.config.vocab_size,
                   {.chunk_size = ChunkSize(options, limits_),
                    .max_sequences = static_cast<size_t>(options.max_sequences),
                    .max_positions = limits_.max_positions(),
                    .max_draft = MaxDraft(options),
                    .end_ids = {tokenizer_->end_ids().begin(), tokenizer_->end_ids().end()},
                    .priority_ageing = options.priority_ageing,
                    .energy_counter = options.energy_counter}),
        pace_(options.step_time, ChunkSize(options, limits_)),
        adapters_(options.max_adapters, options.max_adapter_bytes),
        grammars_(tokenizer_.get(), model_.config.vocab_size) {
    {
      absl::MutexLock lock(&mutex_);
      stats_.max_sequences = stats_.sequence_limit = options.max_sequences;
      UpdateGauges();
    }
  }

  // Once, before anything else. Errors are those of GpuSteps::Create.
  absl::Status Start() {
    ASSIGN_OR_RETURN(gpu_, GpuSteps::Create(options_.use_metal, options_.open_gpu, model_.config,
                                            model_.weights, batch_limits_, &cache_, &transformer_));
    transformer_.set_accelerator(gpu_.get());
    {
      absl::MutexLock lock(&mutex_);
      stats_.gpu = gpu_->report();
    }
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  ~EngineImpl() override {
    if (!thread_.joinable()) return;  // It never began.
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

  absl::StatusOr<GenerationId> Submit(GenerationRequest request, GenerationSink* sink) override {
    RETURN_IF_ERROR(CheckRequest(request, limits_));
    if (request.embed == Pooling::kOfModel) {
      request.embed = model_.config.pooling;
    }
    ASSIGN_OR_RETURN(AdapterLease adapters, adapters_.Lease(request.adapters));
    ASSIGN_OR_RETURN(std::unique_ptr<TokenMatcher> matcher,
                     grammars_.NewMatcher(request.constraint, request.generated));
    absl::MutexLock lock(&mutex_);
    if (num_waiting() >= options_.max_waiting) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("%d generations are waiting already, as many as may", options_.max_waiting));
    }
    const GenerationId id = next_id_++;
    commands_.push_back({id, Submission{std::move(request), sink, Sequence::Clock::now(), std::move(adapters),
                                        std::move(matcher)}});
    ++queued_submissions_;
    return id;
  }

  void Cancel(GenerationId id) override {
    absl::MutexLock lock(&mutex_);
    commands_.push_back({id, std::nullopt});
  }

  void LimitSequences(int sequences) override {
    absl::MutexLock lock(&mutex_);
    stats_.sequence_limit = std::clamp(sequences, 1, options_.max_sequences);
  }

  absl::Status LoadAdapter(const std::string& name, const std::string& path) override {
    ASSIGN_OR_RETURN(const size_t room, adapters_.RoomFor(name));
    ASSIGN_OR_RETURN(std::unique_ptr<Adapter> adapter, OpenAdapter(path, model_.config, room));
    return adapters_.Add(name, path, std::move(adapter));
  }
  absl::Status UnloadAdapter(const std::string& name) override { return adapters_.Remove(name); }
  std::vector<AdapterInfo> adapters() const override { return adapters_.list(); }

  const ModelConfig& config() const override { return model_.config; }
  const Tokenizer& tokenizer() const override { return *tokenizer_; }
  const ChatTemplate& chat() const override { return chat_; }
  uint64_t num_parameters() const override {
    const auto tensors = model_.file->tensors();
    return std::accumulate(tensors.begin(), tensors.end(), uint64_t{0},
                           [](uint64_t sum, const ModelTensor& t) { return sum + t.num_elements(); });
  }
  uint64_t file_bytes() const override { return model_.file->file_bytes(); }
  ModelCost cost() const override { return CostOf(model_.config, model_.weights, options_.kv_type); }
  std::string isa() const override { return std::string(BestIsa(options_.cpu_features).name); }
  int num_threads() const override { return pool_->num_threads(); }
  std::vector<ThreadTrial> thread_trials() const override { return thread_trials_; }
  MemoryLockReport memory_lock() const override {
    return {.bytes = locked_.bytes(), .problem = locked_.problem()};
  }
  EngineStats stats() const override {
    absl::MutexLock lock(&mutex_);
    EngineStats stats = stats_;
    stats.waiting = num_waiting();
    histogram_.FillIn(stats);
    return stats;
  }

 private:
  struct Submission {
    GenerationRequest request;
    GenerationSink* sink;
    Sequence::Clock::time_point submitted;
    AdapterLease adapters;
    std::unique_ptr<TokenMatcher> matcher;
  };
  struct Command {
    GenerationId id;
    std::optional<Submission> submission;  // None: cancel `id`.
  };

  int num_waiting() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stats_.waiting + queued_submissions_;
  }
  bool HasCommand() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !commands_.empty(); }

  // The engine's thread.
  void Run() {
    SetThreadQos(ComputeQos(options_.core_kind));
    while (TakeCommands()) {
      ApplyCommands();
      scheduler_.AdmitWaiting();
      PublishGauges();
      scheduler_.set_prompt_budget(pace_.Budget(scheduler_.any_decoding()));
      const size_t batch_size = scheduler_.num_running();
      const auto begin = Sequence::Clock::now();
      const StepReport report = scheduler_.Step();
      const std::chrono::duration<double> elapsed = Sequence::Clock::now() - begin;
      pace_.Learn(report.prefill_tokens, absl::Seconds(elapsed.count()));
      absl::MutexLock lock(&mutex_);
      if (report.prefill_tokens + report.decode_tokens > 0) {
        histogram_.Add(elapsed.count(), batch_size);
      }
      stats_.prefill_tokens += report.prefill_tokens;
      stats_.decode_tokens += report.decode_tokens;
      stats_.drafted_tokens += report.drafted_tokens;
      stats_.accepted_tokens += report.accepted_tokens;
      stats_.screening = transformer_.screening();
      stats_.density = transformer_.density();
      stats_.gpu = gpu_->report();
      UpdateGauges();
    }
    ApplyCommands();
    scheduler_.CancelAll();
  }

  // Waits while there is nothing to do. False when the engine is to stop.
  bool TakeCommands() {
    absl::MutexLock lock(&mutex_);
    if (scheduler_.idle()) {
      mutex_.Await(absl::Condition(this, &EngineImpl::HasCommand));
    }
    taken_.swap(commands_);
    stats_.waiting += std::exchange(queued_submissions_, 0);
    scheduler_.set_sequence_limit(static_cast<size_t>(stats_.sequence_limit));
    return !stopping_;
  }

  void ApplyCommands() {
    for (Command& command : taken_) {
      if (command.submission.has_value()) {
        Submission& submission = *command.submission;
        scheduler_.Add(command.id, std::move(submission.request), submission.sink, submission.submitted,
                       std::move(submission.adapters), std::move(submission.matcher));
      } else {
        scheduler_.Cancel(command.id);
      }
    }
    taken_.clear();
  }

  void PublishGauges() {
    absl::MutexLock lock(&mutex_);
    UpdateGauges();
  }

  void UpdateGauges() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    stats_.running = static_cast<int>(scheduler_.num_running());
    stats_.waiting = static_cast<int>(scheduler_.num_waiting());
    stats_.kv_blocks = cache_.allocator().num_blocks();
    stats_.kv_blocks_free = static_cast<int>(cache_.num_free());
    const SchedulerCounters& counters = scheduler_.counters();
    stats_.prefix_query_tokens = counters.prefix_query_tokens;
    stats_.prefix_hit_tokens = counters.prefix_hit_tokens;
    stats_.preemptions = counters.preemptions;
    if (const EnergyShares* energy = scheduler_.energy()) {
      stats_.charged_joules = energy->charged_joules();
      stats_.idle_joules = energy->idle_joules();
    }
  }

  const EngineOptions options_;
  const std::unique_ptr<ThreadPool> pool_;
  const std::vector<ThreadTrial> thread_trials_;
  const LoadedModel model_;
  const LockedMemory locked_;  // Of `model_`.
  const std::unique_ptr<Tokenizer> tokenizer_;
  const ChatTemplate chat_;

  // Used by the engine's thread alone once it runs.
  KvCache cache_;
  const RequestLimits limits_;  // Constant: read by any thread.
  const BatchLimits batch_limits_;
  Transformer transformer_;
  std::unique_ptr<GpuSteps> gpu_;
  BatchScheduler scheduler_;
  PrefillPace pace_;
  std::vector<Command> taken_;

  AdapterRegistry adapters_;
  GrammarCache grammars_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  GenerationId next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::vector<Command> commands_ ABSL_GUARDED_BY(mutex_);  // In the order of the calls.
  int queued_submissions_ ABSL_GUARDED_BY(mutex_) = 0;     // Among commands_.
  EngineStats stats_ ABSL_GUARDED_BY(mutex_);              // As of the last step; without the histogram.
  StepHistogram histogram_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const std::string& path,
                                                       const EngineOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, OpenModel(path, options.file_access));
  return Create(std::move(file), options);
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(std::unique_ptr<ModelFile> file,
                                                       const EngineOptions& options) {
  RETURN_IF_ERROR(CheckRange("chunk_size", options.chunk_size, kMaxChunkSize));
  RETURN_IF_ERROR(CheckPositive("max_sequences", options.max_sequences));
  RETURN_IF_ERROR(CheckPositive("max_waiting", options.max_waiting));
  RETURN_IF_ERROR(CheckRange("max_draft", options.max_draft, kMaxDraft));
  if (options.priority_ageing <= absl::ZeroDuration() || options.priority_ageing > absl::Hours(24)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("priority_ageing is %s; it must be above 0 and at most a day",
                        absl::FormatDuration(options.priority_ageing)));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Tokenizer> tokenizer, Tokenizer::FromGguf(*file));
  const ThreadFacts facts = ReadThreadFacts();
  const QosClass qos = ComputeQos(options.core_kind);
  auto pool = std::make_unique<ThreadPool>(
      options.num_threads > 0 ? options.num_threads : DefaultThreads(facts), qos);
  ASSIGN_OR_RETURN(LoadedModel model, LoadedModel::Load(std::move(file), options.weights, *pool));
  std::vector<ThreadTrial> trials;
  if (options.num_threads == kAutoThreads) {
    trials = TryThreadsOn(model, options.cpu_features, ThreadCandidates(facts), kThreadTrialTime);
    pool = std::make_unique<ThreadPool>(FastestThreads(trials), qos);
  }
  auto engine = std::make_unique<EngineImpl>(options, std::move(pool), std::move(trials), std::move(model),
                                             std::move(tokenizer));
  RETURN_IF_ERROR(engine->Start());
  return engine;
}

}  // namespace bitnet
