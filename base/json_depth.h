// How deep a JSON text nests, before anything is parsed.
#pragma once

#include <string_view>

namespace bitnet {

// Whether brackets nest deeper than `max_depth`. Looked at before parsing, since a parser takes memory for
// every bracket that is open, and what walks its result takes stack. `text` need not be JSON.
bool NestsDeeper(std::string_view text, int max_depth);

}  // namespace bitnet
