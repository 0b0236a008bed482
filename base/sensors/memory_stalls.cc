#include "base/sensors/memory_stalls.h"

#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace bitnet {
namespace {

constexpr double kMuch = 10;  // Per cent.

// Of a line as "some avg10=0.12 avg60=0.05 avg300=0.01 total=4711", in per cent.
std::optional<double> ShareOfTenSeconds(absl::string_view line, absl::string_view who) {
  double share = 0;
  if (!absl::ConsumePrefix(&line, who) || !absl::ConsumePrefix(&line, " avg10=") ||
      !absl::SimpleAtod(line.substr(0, line.find(' ')), &share)) {
    return std::nullopt;
  }
  return share;
}

}  // namespace

std::optional<MemoryPressure> ReadMemoryStalls(const std::string& root) {
  std::ifstream file(root + "/proc/pressure/memory");
  std::string some_line, full_line;
  std::getline(file, some_line);
  std::getline(file, full_line);
  const std::optional<double> some = ShareOfTenSeconds(some_line, "some");
  if (!some.has_value()) {
    return std::nullopt;
  }
  if (ShareOfTenSeconds(full_line, "full").value_or(0) >= kMuch) {
    return MemoryPressure::kCritical;
  }
  return *some >= kMuch ? MemoryPressure::kWarning : MemoryPressure::kNormal;
}

}  // namespace bitnet
