// Opens an adapter in whatever form it comes.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/adapters/adapter.h"
#include "engine/model/model_config.h"

namespace bitnet {

// A directory is read as PEFT's, a file as GGUF. Takes as long as reading the file does; nothing of it is
// kept open. Errors are those of the reader; RESOURCE_EXHAUSTED: it would take more than `max_bytes`.
absl::StatusOr<std::unique_ptr<Adapter>> OpenAdapter(const std::string& path, const ModelConfig& config,
                                                     size_t max_bytes);

}  // namespace bitnet
