// One model, ready to generate for many sequences at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/topology.h"
#include "engine/adapters/registry.h"
#include "engine/chat/chat_template.h"
#include "engine/generation.h"
#include "engine/metal/use_metal.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"
#include "engine/model_cost.h"
#include "engine/scheduler/admission_order.h"
#include "engine/scheduler/speculation.h"
#include "engine/scheduler/step_energy.h"
#include "engine/threads/threads_flag.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/transformer/screened_head.h"
#include "engine/transformer/sparse_feed_forward.h"
#include "engine/try_threads.h"
#include "engine/weights/matrix_plan.h"
#include "kernels/attention/kv_tile.h"
#include "kernels/cpu_features.h"

namespace bitnet {

// More would be no faster, and every token of a chunk takes memory: 8192 of BitNet 2B4T a gigabyte.
inline constexpr int kMaxChunkSize = 8192;

struct EngineOptions {
  FileAccess file_access = FileAccess::kMap;
  WeightOptions weights = {};
  CoreKind core_kind = CoreKind::kUnknown;  // Of the cores to compute on, where threads cannot be pinned.
  int num_threads = 0;                      // 0: DefaultThreads; kAutoThreads: what trials show.
  CpuFeatures cpu_features = DetectCpuFeatures();  // What kernels may use; narrowed by tests and --isa.
  int chunk_size = 256;                            // Prompt tokens per step at most; up to kMaxChunkSize.
  int max_sequences = 16;                          // Generated for at once; more wait.
  int max_waiting = 256;                           // Submit refuses beyond this many.
  size_t kv_cache_tokens = 0;                      // 0: max_sequences full contexts, at most 2 GiB.
  KvType kv_type = KvType::kF16;                   // How the cache keeps keys and values.
  // What prompts have in common is run once, for as long as the cache has it: that changes no answer.
  bool prefix_cache = true;
  // A request that has waited this long counts as of the next class, so that none waits for ever. Up to a
  // day.
  absl::Duration priority_ageing = kDefaultPriorityAgeing;
  // Of a step at most where answers wait for it: prompts are read in smaller pieces then (PrefillPace). Zero:
  // in chunks in any case.
  absl::Duration step_time = absl::Milliseconds(250);
  size_t max_adapters = 16;                    // Loaded at once.
  size_t max_adapter_bytes = size_t{1} << 30;  // Of all of them in memory.
  // Tokens guessed, and several checked in one step: that changes no answer.
  Speculation speculation = Speculation::kPromptLookup;
  int max_draft = 8;  // Guessed per step at most, for all sequences together.
  // Each generation is charged with its tokens' share of every step's joules. Called on the engine's thread.
  EnergyCounter energy_counter = {};
  bool lock_memory = false;  // Keeps the weights from being paged out, as far as limits allow.
  // Steps on the GPU, which changes no answer.
  UseMetal use_metal = UseMetal::kOff;
  OpenGpu open_gpu = OpenMetalDevice;  // Replaced by tests.
};

// For flags.
inline constexpr char kLockMemoryHelp[] =
    "Keep the weights from being paged out when memory is short, as far as limits allow (ulimit -l on Linux, "
    "vm.user_wire_limit on macOS)";

// What of the weights EngineOptions::lock_memory keeps in memory.
struct MemoryLockReport {
  uint64_t bytes = 0;
  std::string problem = {};  // Of what could not be kept, and why; empty: there is nothing.
};

struct EngineStats {
  uint64_t steps = 0;
  double step_seconds_sum = 0;
  std::vector<double> step_seconds_bounds;     // Upper bounds of the buckets, rising.
  std::vector<uint64_t> step_seconds_buckets;  // Not cumulative; one more than bounds.
  double batch_size_sum = 0;                   // Sequences that ran when a step began, in the same form.
  std::vector<double> batch_size_bounds;
  std::vector<uint64_t> batch_size_buckets;
  int running = 0;
  int waiting = 0;
  int max_sequences = 0;   // EngineOptions::max_sequences,
  int sequence_limit = 0;  // and what LimitSequences has made of it.
  int kv_blocks = 0;
  int kv_blocks_free = 0;       // Held by no generation; the prefixes in them are kept until they are needed.
  uint64_t prefill_tokens = 0;  // Run; those of generations that had lost their blocks are run again.
  uint64_t decode_tokens = 0;
  uint64_t drafted_tokens = 0;       // Guessed by speculation,
  uint64_t accepted_tokens = 0;      // and of these the right ones, which decode_tokens counts as well.
  uint64_t prefix_query_tokens = 0;  // Of admitted prompts: looked for in the prefix cache,
  uint64_t prefix_hit_tokens = 0;    // and found, so not run.
  uint64_t preemptions = 0;          // Generations that gave up their blocks, to be computed again later.
  std::optional<double> charged_joules = {};  // To generations; nothing where joules are not counted.
  std::optional<double> idle_joules = {};     // While there was nothing to do, charged to none.
  ScreeningStats screening = {};              // With HeadFormat::kExact.
  std::vector<LayerDensity> density;          // By layer, with WeightOptions::sparsity.
  GpuReport gpu = {};
};

// Runs a thread of its own (and its compute threads) from Create to destruction. All methods may be called
// from any thread except from within a sink.
class Engine {
 public:
  // Maps or reads the model at `path` and packs its weights for this CPU. DATA_LOSS: the file is damaged;
  // UNIMPLEMENTED: a kind of model we do not know, or one that the GPU must run and cannot; both name the
  // tensor or key. FAILED_PRECONDITION: there must be a GPU and is none.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const std::string& path,
                                                        const EngineOptions& options);
  // The same of a file that is open already; `options.file_access` has no effect.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::unique_ptr<ModelFile> file,
                                                        const EngineOptions& options);
  virtual ~Engine() = default;  // Cancels what still runs; every sink has had OnFinished when it returns.

  // Queues a generation. `sink` is borrowed until its OnFinished returns. INVALID_ARGUMENT: a token id out
  // of range, an empty prompt, an embedding of more than a prompt, a prompt longer than the context or than
  // the KV cache can ever hold, a sampling value out of range, a constraint that cannot be compiled (the
  // message names it); RESOURCE_EXHAUSTED: max_waiting are waiting already; NOT_FOUND: an adapter that is not
  // loaded.
  virtual absl::StatusOr<GenerationId> Submit(GenerationRequest request, GenerationSink* sink) = 0;
  // Ends it with kCancelled, within one step. No effect if it has finished.
  virtual void Cancel(GenerationId id) = 0;
  // From the next step on no generation is begun while so many run; more that run already go on. Taken to be
  // at least 1, and at most EngineOptions::max_sequences.
  virtual void LimitSequences(int sequences) = 0;

  // Reads the adapter at `path` (a GGUF file, or a directory of PEFT's) and keeps it under `name`;
  // generations go on meanwhile. Errors are those of OpenAdapter and AdapterRegistry::Add; they name the
  // file, tensor or key that is in the way.
  virtual absl::Status LoadAdapter(const std::string& name, const std::string& path) = 0;
  // Generations that use it keep it to their end. NOT_FOUND names the adapters there are.
  virtual absl::Status UnloadAdapter(const std::string& name) = 0;
  virtual std::vector<AdapterInfo> adapters() const = 0;  // In the order in which they were loaded.

  virtual const ModelConfig& config() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;
  virtual const ChatTemplate& chat() const = 0;
  virtual uint64_t num_parameters() const = 0;  // Of all tensors in the file.
  virtual uint64_t file_bytes() const = 0;
  virtual ModelCost cost() const = 0;
  virtual std::string isa() const = 0;  // The kernel set in use, "x86_avx2".
  virtual int num_threads() const = 0;
  // What num_threads was chosen by, if kAutoThreads was asked for; otherwise empty.
  virtual std::vector<ThreadTrial> thread_trials() const { return {}; }
  virtual MemoryLockReport memory_lock() const { return {}; }
  virtual EngineStats stats() const = 0;
};

}  // namespace bitnet
