#include "service/metrics/metrics_text.h"

#include "prometheus/text_serializer.h"

namespace bitnet {

std::string MetricsText(std::vector<prometheus::MetricFamily> families) {
  std::erase_if(families, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace bitnet
