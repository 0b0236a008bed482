// The file of those who may use a server, and how they are recognised.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/bitnet/v1/inference.pb.h"

namespace bitnet {

using TokenHash = std::array<uint8_t, 32>;  // SHA-256.

// One line of the file.
struct Caller {
  std::string name;  // In logs and errors; never the token.
  TokenHash hash = {};
  v1::Priority most_important = v1::PRIORITY_INTERACTIVE;  // Of its requests.
  int max_requests = 0;                                    // At once; 0: any number.
  bool admin = false;                                      // May use AdminService.
};

TokenHash HashToken(std::string_view token);

// Lines of
//
//   NAME sha256:HEX [priority=background|normal|interactive] [max-requests=N] [admin]
//
// '#' begins a comment. INVALID_ARGUMENT names the line and what was wanted; NOT_FOUND: there is no such
// file.
absl::StatusOr<std::vector<Caller>> ReadTokenFile(const std::string& path);

// The caller whose token it is, or null. Compares with every one in full, so how long it takes tells nothing.
const Caller* FindCaller(const std::vector<Caller>& callers, std::string_view token);

// A fresh token of 256 random bits, and its line.
struct NewToken {
  std::string token;
  std::string line;
};
NewToken MakeToken(const std::string& name);

}  // namespace bitnet
