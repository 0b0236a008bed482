#include "engine/chat/jinja/filters.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace bitnet::jinja {

absl::StatusOr<Value> ApplyFilter(Budget& budget, std::string_view name, const Value& input,
                                  const Arguments& arguments) {
  for (const auto& filters : {ScalarFilters(), SequenceFilters()}) {
    const auto it = std::ranges::find(filters, name, &NamedFilter::name);
    if (it != filters.end()) {
      return it->apply(budget, input, arguments);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no filter '", std::string(name), "'"));
}

}  // namespace bitnet::jinja
