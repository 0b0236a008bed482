#include "service/openai/embeddings_request.h"

#include <limits>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "service/openai/prompts.h"
#include "service/openai/request.h"

namespace bitnet::openai {

absl::StatusOr<EmbeddingsRequest> ReadEmbeddingsRequest(const Json& body) {
  FieldViolations found;
  JsonFields fields(body, "", found);
  EmbeddingsRequest out;
  out.model = fields.String("model").value_or("");
  out.request.set_model(out.model);
  for (v1::EmbedInput& input : ReadPrompts(fields, "input")) {
    *out.request.add_inputs() = std::move(input);
  }
  const std::string format = fields.String("encoding_format").value_or("float");
  out.base64 = format == "base64";
  if (!out.base64 && format != "float") {
    fields.Refuse("encoding_format", "wanted \"float\" or \"base64\"");
  }
  const std::optional<std::string> pooling = fields.String("pooling");
  if (pooling == "last") {
    out.request.set_pooling(v1::POOLING_LAST);
  } else if (pooling == "mean") {
    out.request.set_pooling(v1::POOLING_MEAN);
  } else if (pooling.has_value()) {
    fields.Refuse("pooling", "wanted \"last\" or \"mean\"");
  }
  out.dimensions = fields.Integer("dimensions", 1, std::numeric_limits<int32_t>::max());
  out.request.set_priority(ReadPriority(fields));
  RETURN_IF_ERROR(found.status());
  return out;
}

}  // namespace bitnet::openai
