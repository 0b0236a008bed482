// The text that Prometheus scrapes.
#pragma once

#include <span>
#include <string>

#include "prometheus/collectable.h"

namespace bitnet {

// Content type of MetricsText.
constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// Text exposition format 0.0.4 of all `sources`, whose family names differ.
std::string MetricsText(std::span<const prometheus::Collectable* const> sources);

}  // namespace bitnet
