#include "service/port_file.h"

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace bitnet {

absl::Status WritePortFile(const std::string& path, const PortFileAddresses& addresses) {
  const std::string unfinished = path + ".tmp";
  std::ofstream file(unfinished, std::ios::trunc);
  nlohmann::json json = {{"grpc", addresses.grpc}, {"http", addresses.http}};
  if (!addresses.admin.empty()) {
    json["admin"] = addresses.admin;
  }
  if (!addresses.agent.empty()) {
    json["agent"] = addresses.agent;
  }
  file << json.dump() << '\n';
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("cannot write the port file ", path));
  }
  return absl::OkStatus();
}

}  // namespace bitnet
