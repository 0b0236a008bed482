#include "base/apple/sysctl.h"

#include <cstring>

namespace bitnet {
namespace {

template <typename Integer>
int64_t FromBytes(const std::string& bytes) {
  Integer value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

}  // namespace

std::optional<int64_t> SysctlInteger(const SysctlReader& reader, const std::string& name) {
  const std::optional<std::string> bytes = reader(name);
  if (!bytes.has_value()) {
    return std::nullopt;
  }
  switch (bytes->size()) {
    case sizeof(int32_t):
      return FromBytes<int32_t>(*bytes);
    case sizeof(int64_t):
      return FromBytes<int64_t>(*bytes);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> SysctlText(const SysctlReader& reader, const std::string& name) {
  std::optional<std::string> text = reader(name);
  if (text.has_value()) {
    text->resize(std::strlen(text->c_str()));
  }
  return text;
}

}  // namespace bitnet
