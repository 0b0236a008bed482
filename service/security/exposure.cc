#include "service/security/exposure.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace bitnet {

bool IsLocalAddress(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  return absl::StartsWith(address, "unix:") || absl::StartsWith(host, "127.") || host == "localhost" ||
         host == "[::1]";
}

absl::Status CheckExposure(const std::string& flag, const std::string& address, bool callers_are_known) {
  if (IsLocalAddress(address) || callers_are_known) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(flag, " ", address,
                   " is reached from other machines, and anybody there could use it: give --tokens or "
                   "--tls-client-ca, or say --allow-anonymous"));
}

}  // namespace bitnet
