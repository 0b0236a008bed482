#include "engine/c_api/engine_options.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/available_isas.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

constexpr int kMaxThreads = 1024;
constexpr int kMaxAdapters = 1 << 20;  // Memory is the limit.

absl::StatusOr<CpuFeatures> FeaturesOf(const char* isa) {
  if (isa == nullptr) {
    return DetectCpuFeatures();
  }
  if (const Isa* found = FindAvailableIsa(isa); found != nullptr) {
    return found->features;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("isa is \"%s\"; this CPU has %s", isa, absl::StrJoin(AvailableIsaNames(), ", ")));
}

absl::StatusOr<KvType> KvTypeOf(bitnet_kv_type type) {
  switch (type) {
    case BITNET_KV_F16:
      return KvType::kF16;
    case BITNET_KV_F32:
      return KvType::kF32;
    case BITNET_KV_INT8:
      return KvType::kInt8;
  }
  return UnknownValue("kv_type", type, BITNET_KV_INT8);
}

absl::Status CheckRange(const char* name, int value, int min, int max) {
  if (value < min || value > max) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is %d; it must be from %d to %d", name, value, min, max));
  }
  return absl::OkStatus();
}

// What is not 0 replaces the default.
template <typename Given, typename Field>
void Override(Given given, Field& field) {
  if (given != 0) {
    field = static_cast<Field>(given);
  }
}

}  // namespace

absl::StatusOr<EngineOptions> ReadEngineOptions(const bitnet_engine_options* given) {
  static_assert(BITNET_AUTO_THREADS == kAutoThreads);
  ASSIGN_OR_RETURN(const bitnet_engine_options known, ReadOptions(given, "bitnet_engine_options"));
  RETURN_IF_ERROR(CheckFlags(known.flags, BITNET_NO_MMAP | BITNET_NO_PREFIX_CACHE | BITNET_NO_SPECULATION));
  RETURN_IF_ERROR(CheckReserved(known.reserved));
  RETURN_IF_ERROR(CheckRange("num_threads", known.num_threads, kAutoThreads, kMaxThreads));
  RETURN_IF_ERROR(CheckRange("max_adapters", known.max_adapters, 0, kMaxAdapters));
  EngineOptions options;
  ASSIGN_OR_RETURN(options.cpu_features, FeaturesOf(known.isa));
  ASSIGN_OR_RETURN(options.kv_type, KvTypeOf(known.kv_type));
  options.file_access = (known.flags & BITNET_NO_MMAP) != 0 ? FileAccess::kRead : FileAccess::kMap;
  options.prefix_cache = (known.flags & BITNET_NO_PREFIX_CACHE) == 0;
  if ((known.flags & BITNET_NO_SPECULATION) != 0) {
    options.speculation = Speculation::kOff;
  }
  options.num_threads = known.num_threads;
  options.kv_cache_tokens = known.kv_cache_tokens;
  Override(known.max_sequences, options.max_sequences);
  Override(known.max_waiting, options.max_waiting);
  Override(known.chunk_size, options.chunk_size);
  Override(known.adapter_bytes, options.max_adapter_bytes);
  Override(known.max_adapters, options.max_adapters);
  return options;
}

}  // namespace bitnet
