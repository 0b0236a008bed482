// Embeddings of prompts.
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "engine/c_api/objects.h"
#include "engine/c_api/outputs.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

class EmbeddingSink : public GenerationSink {
 public:
  void OnToken(const GeneratedToken& /*token*/) override {}
  void OnEmbedding(std::span<const float> embedding) override {
    embedding_.assign(embedding.begin(), embedding.end());
  }
  void OnFinished(FinishReason /*reason*/, const GenerationUsage& /*usage*/) override { finished_.Notify(); }

  const std::vector<float>& Wait() {
    finished_.WaitForNotification();
    return embedding_;
  }

 private:
  std::vector<float> embedding_;
  absl::Notification finished_;
};

absl::StatusOr<Pooling> PoolingOf(bitnet_pooling pooling) {
  switch (pooling) {
    case BITNET_POOLING_OF_MODEL:
      return Pooling::kOfModel;
    case BITNET_POOLING_LAST:
      return Pooling::kLast;
    case BITNET_POOLING_MEAN:
      return Pooling::kMean;
  }
  return UnknownValue("pooling", pooling, BITNET_POOLING_MEAN);
}

}  // namespace
}  // namespace bitnet

extern "C" bitnet_code bitnet_embed(bitnet_engine* engine, const int32_t* tokens, size_t num_tokens,
                                    bitnet_pooling pooling, float* embedding, size_t capacity, size_t* length,
                                    bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(engine, "engine"));
    ASSIGN_OR_RETURN(const std::span<const int32_t> ids, bitnet::ReadArray(tokens, num_tokens, "tokens"));
    ASSIGN_OR_RETURN(const bitnet::Pooling how, bitnet::PoolingOf(pooling));
    // Nothing is computed for a buffer that cannot take it.
    const size_t dim = engine->engine->config().hidden_dim;
    ASSIGN_OR_RETURN(const bool wanted, bitnet::SetLength(dim, dim, embedding, capacity, length));
    if (!wanted) {
      return absl::OkStatus();
    }
    bitnet::EmbeddingSink sink;
    RETURN_IF_ERROR(
        engine->engine->Submit({.prompt = {ids.begin(), ids.end()}, .embed = how}, &sink).status());
    return bitnet::WriteArray(std::span(sink.Wait()), embedding, capacity, length);
  });
}
