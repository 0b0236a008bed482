// Engines and what is loaded into them.
#include <memory>
#include <utility>

#include "base/version.h"
#include "engine/c_api/engine_options.h"
#include "engine/c_api/objects.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

int32_t TokenOrNone(std::optional<int32_t> token) { return token.value_or(-1); }

bitnet_model_info Describe(const bitnet_engine& handle) {
  const Engine& engine = *handle.engine;
  const ModelConfig& config = engine.config();
  bitnet_model_info info{};
  info.name = config.name.c_str();
  info.architecture = config.architecture.c_str();
  info.isa = handle.isa.c_str();
  info.num_parameters = engine.num_parameters();
  info.file_bytes = engine.file_bytes();
  info.vocab_size = static_cast<int32_t>(config.vocab_size);
  info.max_seq_len = static_cast<int32_t>(config.max_seq_len);
  info.hidden_dim = static_cast<int32_t>(config.hidden_dim);
  info.num_layers = static_cast<int32_t>(config.num_layers);
  info.num_threads = engine.num_threads();
  info.bos_token = TokenOrNone(engine.tokenizer().bos_id());
  info.eos_token = TokenOrNone(engine.tokenizer().eos_id());
  info.has_chat_template = engine.chat().known() ? 1 : 0;
  return info;
}

absl::Status CreateEngine(const char* path, const bitnet_engine_options* options, bitnet_engine** engine) {
  RETURN_IF_ERROR(CheckNotNull(path, "path"));
  RETURN_IF_ERROR(CheckNotNull(engine, "engine"));
  ASSIGN_OR_RETURN(const EngineOptions engine_options, ReadEngineOptions(options));
  ASSIGN_OR_RETURN(std::unique_ptr<Engine> created, Engine::Create(path, engine_options));
  std::string isa = created->isa();
  *engine = new bitnet_engine{std::move(created), std::move(isa)};
  return absl::OkStatus();
}

}  // namespace
}  // namespace bitnet

extern "C" {

const char* bitnet_version() { return bitnet::Version().data(); }

bitnet_code bitnet_engine_create(const char* path, const bitnet_engine_options* options,
                                 bitnet_engine** engine, bitnet_error* error) {
  return bitnet::Guard(error, [&] { return bitnet::CreateEngine(path, options, engine); });
}

void bitnet_engine_destroy(bitnet_engine* engine) { delete engine; }

bitnet_code bitnet_engine_model_info(const bitnet_engine* engine, bitnet_model_info* info,
                                     bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(engine, "engine"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(info, "info"));
    const bitnet_model_info known = bitnet::Describe(*engine);
    return bitnet::WriteStruct(&known, sizeof(known), "bitnet_model_info", info);
  });
}

bitnet_code bitnet_adapter_load(bitnet_engine* engine, const char* name, const char* path,
                                bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(engine, "engine"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(name, "name"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(path, "path"));
    return engine->engine->LoadAdapter(name, path);
  });
}

bitnet_code bitnet_adapter_unload(bitnet_engine* engine, const char* name, bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(engine, "engine"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(name, "name"));
    return engine->engine->UnloadAdapter(name);
  });
}

}  // extern "C"
