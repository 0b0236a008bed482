// The body of POST /v1/embeddings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json.h"

namespace bitnet::openai {

struct EmbeddingsRequest {
  std::string model;  // As the client calls it; "" if it does not.
  v1::EmbedRequest request;
  bool base64 = false;                     // How vectors are written: in base64, or as arrays of numbers.
  std::optional<int64_t> dimensions = {};  // That the client expects of a vector.
};

// Beside OpenAI's fields: `pooling` ("last" or "mean") and `priority`. `user` is ignored. INVALID_ARGUMENT
// names the fields that are wrong.
absl::StatusOr<EmbeddingsRequest> ReadEmbeddingsRequest(const Json& body);

}  // namespace bitnet::openai
