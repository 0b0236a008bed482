#include "service/port_file.h"

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace bitnet {

absl::Status WritePortFile(const std::string& path, const std::string& grpc_address,
                           const std::string& http_address, const std::string& admin_address) {
  const std::string unfinished = path + ".tmp";
  std::ofstream file(unfinished, std::ios::trunc);
  nlohmann::json addresses = {{"grpc", grpc_address}, {"http", http_address}};
  if (!admin_address.empty()) {
    addresses["admin"] = admin_address;
  }
  file << addresses.dump() << '\n';
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("cannot write the port file ", path));
  }
  return absl::OkStatus();
}

}  // namespace bitnet
