// Charts of tokens per second over what was varied, and the roofline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/plot/chart.h"
#include "bench/report/record.h"

namespace bitnet {

// Tokens per second of the records of decoding (or of prefilling) over `key`: "threads", "batch", "context",
// "prompt_tokens" or "chunk_size". Records that differ in nothing else form a series, named after what tells
// it from the others. Nothing if no series has two points.
std::optional<Chart> RateChart(const std::vector<Record>& records, bool prefill, const std::string& key);

// Multiply-adds per second over multiply-adds per byte read, under the roof that this machine's measured
// bandwidth and int8 peak make, of the records with most threads (Williams et al. 2009). Nothing if no record
// has what it takes.
std::optional<Chart> RooflineChart(const std::vector<Record>& records);

}  // namespace bitnet
