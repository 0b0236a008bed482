#include "proto/socket_address.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bitnet {

std::string SocketAddress(std::string_view path) {
  std::string address = "unix:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || std::string_view("/._-~").find(c) != std::string_view::npos) {
      address += c;
    } else {
      absl::StrAppend(&address, "%", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return address;
}

}  // namespace bitnet
