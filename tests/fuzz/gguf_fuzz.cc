// Model files: the container, the model's dimensions, the vocabulary.
#include <memory>
#include <span>

#include "engine/model/model_file.h"
#include "engine/model/model_config.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {
namespace {

void CheckTensors(const ModelFile& file, std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (const ModelTensor& tensor : file.tensors()) {
    BITNET_FUZZ_CHECK(!tensor.data.empty());
    BITNET_FUZZ_CHECK(tensor.data.data() >= bytes.data());
    BITNET_FUZZ_CHECK(tensor.data.data() + tensor.data.size() <= bytes.data() + bytes.size());
    BITNET_FUZZ_CHECK(tensor.num_elements() > 0);
    BITNET_FUZZ_CHECK(*file.GetTensor(tensor.name) == &tensor);
    sum += tensor.data.size();
  }
  BITNET_FUZZ_CHECK(sum <= bytes.size());  // They do not overlap.
}

void CheckConfig(const ModelConfig& config) {
  BITNET_FUZZ_CHECK(config.hidden_dim > 0 && config.hidden_dim % 128 == 0);
  BITNET_FUZZ_CHECK(config.ffn_dim > 0 && config.ffn_dim % 128 == 0);
  BITNET_FUZZ_CHECK(config.query_dim() > 0 && config.query_dim() % 128 == 0);
  BITNET_FUZZ_CHECK(config.num_kv_heads > 0 && config.num_heads % config.num_kv_heads == 0);
  BITNET_FUZZ_CHECK(config.num_layers > 0 && config.max_seq_len > 0 && config.vocab_size > 0);
}

void CheckTokenizer(const Tokenizer& tokenizer) {
  for (const int32_t id : tokenizer.EncodePrompt("Hello, w\xC3\xB6rld 123\n\xFF")) {
    BITNET_FUZZ_CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer.vocab_size());
  }
  for (const int32_t id : tokenizer.end_ids()) {
    BITNET_FUZZ_CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer.vocab_size());
  }
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  const auto file = ModelFile::Parse({data, size}, "fuzz.gguf");
  if (!file.ok()) {
    return 0;
  }
  CheckTensors(**file, {data, size});
  if (const auto config = ReadModelConfig(**file); config.ok()) {
    CheckConfig(*config);
  }
  if (const auto tokenizer = Tokenizer::FromGguf(**file); tokenizer.ok()) {
    CheckTokenizer(**tokenizer);
  }
  return 0;
}
