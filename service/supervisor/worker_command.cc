#include "service/supervisor/worker_command.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/supervisor/child_process.h"

namespace bitnet {

std::vector<std::string> WorkerCommand(const ServiceOptions& options, const ModelSpec& model,
                                       const WorkerSpec& spec, const std::string& socket_path) {
  std::vector<std::string> command = {options.worker_binary};
  const auto add = [&command](const std::string& flag, const auto& value) {
    command.push_back(flag);
    command.push_back(absl::StrCat(value));
  };
  add("--model", model.path);
  add("--socket", socket_path);
  add("--name", spec.name);
  add("--threads", spec.threads);
  if (!spec.cpus.empty()) {
    add("--cpus", absl::StrJoin(spec.cpus, ","));
  }
  if (spec.kind != CoreKind::kUnknown) {
    add("--core-kind", CoreKindName(spec.kind));
  }
  add("--ready-fd", kChildReadyFd);
  add("--parent-fd", kChildParentFd);
  add("--drain-seconds", absl::ToDoubleSeconds(options.drain_time));
  add("--log-level", options.log_level);
  if (!options.isa.empty()) {
    add("--isa", options.isa);
  }
  if (options.max_sequences) {
    add("--max-sequences", *options.max_sequences);
  }
  if (options.chunk_size) {
    add("--chunk-size", *options.chunk_size);
  }
  if (options.step_ms) {
    add("--step-ms", *options.step_ms);
  }
  if (!options.prefix_cache.empty()) {
    add("--prefix-cache", options.prefix_cache);
  }
  if (options.kv_cache_tokens) {
    add("--kv-cache-tokens", *options.kv_cache_tokens);
  }
  if (!options.speculate.empty()) {
    add("--speculate", options.speculate);
  }
  if (!options.sparsity.empty()) {
    add("--sparsity", options.sparsity);
  }
  if (options.lock_memory) {
    command.emplace_back("--lock-memory");
  }
  if (!options.use_metal.empty()) {
    add("--use-metal", options.use_metal);
  }
  if (!options.kv_type.empty()) {
    add("--kv-type", options.kv_type);
  }
  if (!options.head.empty()) {
    add("--head", options.head);
  }
  if (!options.i2s_layout.empty()) {
    add("--i2s-layout", options.i2s_layout);
  }
  for (const std::string& adapter : model.adapters) {
    add("--adapter", adapter);
  }
  if (!options.powermetrics_file.empty()) {
    add("--powermetrics-file", options.powermetrics_file);
  }
  if (!options.sensor_root.empty()) {
    add("--sensor-root", options.sensor_root);
  }
  if (options.no_mmap) {
    command.emplace_back("--no-mmap");
  }
  if (options.no_sandbox) {
    command.emplace_back("--no-sandbox");
  }
  return command;
}

}  // namespace bitnet
