#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/cli/perplexity.h"
#include "nlohmann/json.hpp"

namespace bitnet {
namespace {

using Json = nlohmann::json;

// Reads `value` as an integer of 0 to 2^31-1, which a token id and an index into tokens are.
absl::StatusOr<int32_t> ReadIndex(const Json& value, const std::string& what) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > INT32_MAX) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is %s; an integer of 0 to %d was wanted", what, value.dump(), INT32_MAX));
  }
  return value.get<int32_t>();
}

}  // namespace

absl::StatusOr<ScoredText> ParseScoredText(std::string_view line) {
  const Json json = Json::parse(line, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("ids") || !json["ids"].is_array() ||
      !json.contains("answer_start")) {
    return absl::InvalidArgumentError("not an object {\"ids\": [...], \"answer_start\": n}");
  }
  ScoredText text;
  for (const Json& id : json["ids"]) {
    ASSIGN_OR_RETURN(const int32_t value, ReadIndex(id, absl::StrFormat("ids[%d]", text.ids.size())));
    text.ids.push_back(value);
  }
  ASSIGN_OR_RETURN(text.answer_start, ReadIndex(json["answer_start"], "answer_start"));
  if (text.ids.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("there are %d ids; 2 or more were wanted", text.ids.size()));
  }
  if (text.answer_start < 1 || text.answer_start >= text.ids.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("answer_start is %d; 1 to %d was wanted for %d ids",
                                                      text.answer_start, text.ids.size() - 1,
                                                      text.ids.size()));
  }
  return text;
}

}  // namespace bitnet
