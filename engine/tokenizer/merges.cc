#include "engine/tokenizer/merges.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {

absl::StatusOr<MergeTable> ReadMerges(const ModelFile& file, const IdByText& ids) {
  ASSIGN_OR_RETURN(const auto merges, file.GetStrings(kMergesKey));
  MergeTable table;
  table.Reserve(merges.size());
  std::string joined;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const auto problem = [&](std::string_view what) {
      return absl::DataLossError(absl::StrFormat("%s: key '%s' has merge %d, '%s', %s", file.path(),
                                                 kMergesKey, rank, absl::Utf8SafeCHexEscape(merges[rank]),
                                                 what));
    };
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return problem("which is not two tokens with a space between them");
    }
    const auto left = ids.find(merge.substr(0, space));
    const auto right = ids.find(merge.substr(space + 1));
    if (left == ids.end() || right == ids.end()) {
      return problem("a part of which is no token");
    }
    joined = merge;
    joined.erase(space, 1);
    const auto merged = ids.find(joined);
    if (merged == ids.end()) {
      return problem("whose result is no token");
    }
    table.Add(left->second, right->second, {static_cast<int32_t>(rank), merged->second});
  }
  return table;
}

}  // namespace bitnet
