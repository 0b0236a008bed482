// What a request must satisfy before any work is done for it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "proto/bitnet/v1/inference.pb.h"

namespace bitnet {

// Each message names the first field that is wrong, what was found and what was wanted; details have all such
// fields (errors/field_violations.h). INVALID_ARGUMENT throughout.
absl::Status ValidateGenerate(const v1::GenerateRequest& request);
absl::Status ValidateEmbed(const v1::EmbedRequest& request);
absl::Status ValidateTokenize(const v1::TokenizeRequest& request);

// Against the model that is served: all `ids` are below the vocabulary's size; `field` is what the message
// calls them.
absl::Status CheckTokenIds(const char* field, const google::protobuf::RepeatedField<uint32_t>& ids,
                           const v1::Model& model);
// All those of a request.
absl::Status CheckIds(const v1::GenerateRequest& request, const v1::Model& model);
// The prompt has tokens, and fits the context.
absl::Status CheckPromptLength(int prompt_tokens, const v1::Model& model);

}  // namespace bitnet
