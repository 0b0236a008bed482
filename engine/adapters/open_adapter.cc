#include "engine/adapters/open_adapter.h"

#include <filesystem>
#include <system_error>

#include "base/status_macros.h"
#include "engine/adapters/gguf_adapter.h"
#include "engine/adapters/peft_adapter.h"
#include "engine/model/model_file.h"

namespace bitnet {

absl::StatusOr<std::unique_ptr<Adapter>> OpenAdapter(const std::string& path, const ModelConfig& config,
                                                     size_t max_bytes) {
  std::error_code ignored;  // What cannot be looked at is opened, and says why not.
  if (std::filesystem::is_directory(path, ignored)) {
    return OpenPeftAdapter(path, config, max_bytes);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelFile> file, ModelFile::Open(path, FileAccess::kMap));
  return ReadGgufAdapter(*file, config, max_bytes);
}

}  // namespace bitnet
