// An engine whose every event a test decides, on a thread of its own as the real one's.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/adapters/registry.h"
#include "engine/engine.h"

namespace bitnet {

inline GeneratedToken TokenAt(int index, int32_t id) {
  return {.index = index, .id = id, .logprob = std::nullopt, .alternatives = {}};
}

// Ids below 256 are bytes, 256 begins a prompt, 257 ends an answer.
class FakeTokenizer final : public Tokenizer {
 public:
  static constexpr int32_t kBos = 256;
  static constexpr int32_t kEnd = 257;

  std::vector<int32_t> EncodeAround(std::string_view text,
                                    std::span<const TextRange> /*plain*/) const override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  std::string_view TokenBytes(int32_t id) const override {
    static const std::string bytes = [] {
      std::string all;
      for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
      return all;
    }();
    return id < 256 ? std::string_view(bytes).substr(id, 1) : std::string_view();
  }
  std::string_view TokenText(int32_t id) const override {
    return id == kBos ? "<s>" : id == kEnd ? "</s>" : TokenBytes(id);
  }
  size_t vocab_size() const override { return 258; }
  std::optional<int32_t> bos_id() const override { return kBos; }
  std::optional<int32_t> eos_id() const override { return kEnd; }
  bool adds_space() const override { return false; }
  bool adds_bos() const override { return true; }
  std::span<const int32_t> end_ids() const override { return end_ids_; }

 private:
  const std::vector<int32_t> end_ids_ = {kEnd};
};

// Of a model that was not made for conversations.
inline ChatTemplate NoChat(const Tokenizer& tokenizer) {
  return ChatTemplate::FromModel(*ModelFile::FromParts("fake", {}, {}, {}), tokenizer);
}

class FakeEngine final : public Engine {
 public:
  struct Submitted {
    GenerationRequest request;
    GenerationSink* sink;
  };

  FakeEngine() {
    config_.architecture = "fake";
    config_.vocab_size = tokenizer_.vocab_size();
    config_.max_seq_len = 512;
    thread_ = std::thread([this] { Run(); });
  }
  ~FakeEngine() override {
    {
      absl::MutexLock lock(&mutex_);
      closing_ = true;
    }
    thread_.join();
  }

  // Adapters that load are those whose path begins with "/good".
  absl::Status LoadAdapter(const std::string& name, const std::string& path) override {
    if (!path.starts_with("/good")) return absl::NotFoundError(path + ": no such file");
    return registry_.Add(name, path, std::make_shared<Adapter>(1));
  }
  absl::Status UnloadAdapter(const std::string& name) override { return registry_.Remove(name); }
  std::vector<AdapterInfo> adapters() const override { return registry_.list(); }

  // What the next Submit says instead of taking the generation.
  void RefuseNext(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    refusal_ = std::move(status);
  }
  // Runs on the engine's thread within Submit, which waits for it: events that are faster than the caller.
  void DuringSubmit(std::function<void(GenerationId)> events) {
    absl::MutexLock lock(&mutex_);
    during_submit_ = std::move(events);
  }

  // The n-th generation (from 1), once it has been submitted.
  GenerationId AwaitSubmitted(GenerationId n = 1) {
    absl::MutexLock lock(&mutex_);
    const auto submitted = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return last_id_ >= n; };
    mutex_.Await(absl::Condition(&submitted));
    return n;
  }
  GenerationRequest request(GenerationId id) {
    absl::MutexLock lock(&mutex_);
    return requests_.at(id);
  }
  void AwaitCancelled(GenerationId id) {
    absl::MutexLock lock(&mutex_);
    const auto cancelled = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return cancelled_.contains(id); };
    mutex_.Await(absl::Condition(&cancelled));
  }
  int num_submitted() {
    absl::MutexLock lock(&mutex_);
    return static_cast<int>(last_id_);
  }

  // From the test's thread: these happen on the engine's thread, in order. Nothing happens to a generation
  // that has finished.
  void Emit(GenerationId id, GeneratedToken token) {
    Post([this, id, token = std::move(token)] {
      if (GenerationSink* sink = Find(id)) sink->OnToken(token);
    });
  }
  void Embed(GenerationId id, std::vector<float> embedding) {
    Post([this, id, embedding = std::move(embedding)] {
      if (GenerationSink* sink = Find(id)) sink->OnEmbedding(embedding);
    });
  }
  void Finish(GenerationId id, FinishReason reason, GenerationUsage usage = {}) {
    Post([this, id, reason, usage] { FinishNow(id, reason, usage); });
  }
  // Returns when the engine's thread has done all of the above.
  void AwaitIdle() {
    absl::MutexLock lock(&mutex_);
    const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return work_.empty() && !busy_; };
    mutex_.Await(absl::Condition(&idle));
  }

  // On the engine's thread, for DuringSubmit.
  GenerationSink* Find(GenerationId id) {
    absl::MutexLock lock(&mutex_);
    const auto found = sinks_.find(id);
    return found == sinks_.end() ? nullptr : found->second;
  }
  void FinishNow(GenerationId id, FinishReason reason, const GenerationUsage& usage = {}) {
    GenerationSink* sink = Find(id);
    if (sink == nullptr) return;
    sink->OnFinished(reason, usage);
    absl::MutexLock lock(&mutex_);
    sinks_.erase(id);
  }

  absl::StatusOr<GenerationId> Submit(GenerationRequest request, GenerationSink* sink) override {
    std::function<void(GenerationId)> during;
    GenerationId id;
    {
      absl::MutexLock lock(&mutex_);
      if (!refusal_.ok()) return std::exchange(refusal_, absl::OkStatus());
      id = ++last_id_;
      requests_[id] = std::move(request);
      sinks_[id] = sink;
      during = std::exchange(during_submit_, nullptr);
    }
    if (during) {
      Post([&during, id] { during(id); });
      AwaitIdle();
    }
    return id;
  }
  void Cancel(GenerationId id) override {
    absl::MutexLock lock(&mutex_);
    cancelled_.insert(id);
    // Under the same lock: who has seen the cancellation waits for its end with AwaitIdle().
    work_.push_back([this, id] { FinishNow(id, FinishReason::kCancelled); });
  }

  void LimitSequences(int sequences) override {
    absl::MutexLock lock(&mutex_);
    sequence_limit_ = std::min(sequences, 16);
  }

  const ModelConfig& config() const override { return config_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  const ChatTemplate& chat() const override { return chat_; }
  uint64_t num_parameters() const override { return 1234; }
  uint64_t file_bytes() const override { return 5678; }
  ModelCost cost() const override { return {}; }
  std::string isa() const override { return "portable"; }
  int num_threads() const override { return 3; }
  EngineStats stats() const override {
    absl::MutexLock lock(&mutex_);
    EngineStats stats;
    stats.steps = 7;
    stats.step_seconds_sum = 0.5;
    stats.step_seconds_bounds = {0.1, 1};
    stats.step_seconds_buckets = {5, 2, 0};
    stats.batch_size_sum = 9;
    stats.batch_size_bounds = {1};
    stats.batch_size_buckets = {6, 1};
    stats.running = static_cast<int>(sinks_.size());
    stats.max_sequences = 16;
    stats.sequence_limit = sequence_limit_;
    stats.kv_blocks = 10;
    stats.kv_blocks_free = 9;
    stats.drafted_tokens = 8;
    stats.accepted_tokens = 6;
    stats.prefix_query_tokens = 12;
    stats.prefix_hit_tokens = 11;
    stats.preemptions = 5;
    return stats;
  }

 private:
  void Post(std::function<void()> event) {
    absl::MutexLock lock(&mutex_);
    work_.push_back(std::move(event));
  }
  void Run() {
    while (true) {
      std::function<void()> event;
      {
        absl::MutexLock lock(&mutex_);
        busy_ = false;
        const auto due = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closing_ || !work_.empty(); };
        mutex_.Await(absl::Condition(&due));
        if (work_.empty()) break;
        event = std::move(work_.front());
        work_.pop_front();
        busy_ = true;
      }
      event();
    }
    std::vector<GenerationId> left;
    {
      absl::MutexLock lock(&mutex_);
      for (const auto& [id, sink] : sinks_) left.push_back(id);
    }
    for (const GenerationId id : left) FinishNow(id, FinishReason::kCancelled);
  }

  FakeTokenizer tokenizer_;
  const ChatTemplate chat_ = NoChat(tokenizer_);
  ModelConfig config_;
  mutable absl::Mutex mutex_;
  std::deque<std::function<void()>> work_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  int sequence_limit_ ABSL_GUARDED_BY(mutex_) = 16;
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::function<void(GenerationId)> during_submit_ ABSL_GUARDED_BY(mutex_);
  GenerationId last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<GenerationId, GenerationRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::map<GenerationId, GenerationSink*> sinks_ ABSL_GUARDED_BY(mutex_);
  std::set<GenerationId> cancelled_ ABSL_GUARDED_BY(mutex_);
  AdapterRegistry registry_{4, 1 << 20};
  std::thread thread_;
};

}  // namespace bitnet
