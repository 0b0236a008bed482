#include "tests/apple/macs.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

constexpr int64_t kKiB = 1024;
constexpr int64_t kMiB = 1024 * kKiB;

CoreLevel Performance(int cores, int cores_per_cluster, int64_t l2_mib) {
  return {"Performance", cores, cores_per_cluster, 128 * kKiB, l2_mib * kMiB};
}

CoreLevel Efficiency(int cores, int cores_per_cluster) {
  return {"Efficiency", cores, cores_per_cluster, 64 * kKiB, 4 * kMiB};
}

template <typename Value>
std::string Bytes(Value value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

}  // namespace

std::vector<Mac> AllMacs() {
  return {
      {"Apple M1", {Performance(4, 4, 12), Efficiency(4, 4)}},
      {"Apple M1 Pro", {Performance(6, 3, 12), Efficiency(2, 2)}},
      {"Apple M1 Pro", {Performance(8, 4, 12), Efficiency(2, 2)}},
      {"Apple M1 Max", {Performance(8, 4, 12), Efficiency(2, 2)}},
      {"Apple M1 Ultra", {Performance(16, 4, 12), Efficiency(4, 2)}},
      {"Apple M2", {Performance(4, 4, 16), Efficiency(4, 4)}},
      {"Apple M2 Pro", {Performance(6, 3, 16), Efficiency(4, 4)}},
      {"Apple M2 Pro", {Performance(8, 4, 16), Efficiency(4, 4)}},
      {"Apple M2 Max", {Performance(8, 4, 16), Efficiency(4, 4)}},
      {"Apple M2 Ultra", {Performance(16, 4, 16), Efficiency(8, 4)}},
      {"Apple M3", {Performance(4, 4, 16), Efficiency(4, 4)}},
      {"Apple M3 Pro", {Performance(5, 6, 16), Efficiency(6, 6)}},
      {"Apple M3 Pro", {Performance(6, 6, 16), Efficiency(6, 6)}},
      {"Apple M3 Max", {Performance(10, 5, 16), Efficiency(4, 4)}},
      {"Apple M3 Max", {Performance(12, 6, 16), Efficiency(4, 4)}},
      {"Apple M3 Ultra", {Performance(20, 5, 16), Efficiency(8, 4)}},
      {"Apple M3 Ultra", {Performance(24, 6, 16), Efficiency(8, 4)}},
      {"Apple M4", {Performance(3, 3, 16), Efficiency(6, 6)}},
      {"Apple M4", {Performance(4, 4, 16), Efficiency(4, 4)}},
      {"Apple M4", {Performance(4, 4, 16), Efficiency(6, 6)}},
      {"Apple M4 Pro", {Performance(8, 4, 16), Efficiency(4, 4)}},
      {"Apple M4 Pro", {Performance(10, 5, 16), Efficiency(4, 4)}},
      {"Apple M4 Max", {Performance(10, 5, 16), Efficiency(4, 4)}},
      {"Apple M4 Max", {Performance(12, 6, 16), Efficiency(4, 4)}},
      {"Apple M5 Max",
       {{"Super", 6, 6, 128 * kKiB, 16 * kMiB}, {"Performance", 12, 6, 128 * kKiB, 8 * kMiB}}},
      {"Apple M1 (Virtual)", {{"Standard", 3, 3, 128 * kKiB, 12 * kMiB}}},
  };
}

Mac FindMac(const std::string& chip, int cores) {
  for (const Mac& mac : AllMacs()) {
    int all = 0;
    for (const CoreLevel& level : mac.levels) {
      all += level.cores;
    }
    if (mac.chip == chip && (cores == 0 || all == cores)) {
      return mac;
    }
  }
  return {};
}

SysctlTable& SysctlTable::Integer(const std::string& name, int32_t value) {
  bytes_[name] = Bytes(value);
  return *this;
}

SysctlTable& SysctlTable::Quad(const std::string& name, int64_t value) {
  bytes_[name] = Bytes(value);
  return *this;
}

SysctlTable& SysctlTable::Text(const std::string& name, const std::string& value) {
  bytes_[name] = value + '\0';
  return *this;
}

SysctlTable& SysctlTable::Without(const std::string& name) {
  bytes_.erase(name);
  return *this;
}

SysctlTable SysctlTable::Of(const Mac& mac) {
  SysctlTable table;
  table.Text("machdep.cpu.brand_string", mac.chip)
      .Quad("hw.memsize", int64_t{16} << 30)
      .Quad("hw.pagesize", 16384)
      .Integer("hw.nperflevels", static_cast<int32_t>(mac.levels.size()));
  int cores = 0;
  for (size_t number = 0; number < mac.levels.size(); ++number) {
    const CoreLevel& level = mac.levels[number];
    const std::string prefix = absl::StrCat("hw.perflevel", number, ".");
    table.Text(prefix + "name", level.name)
        .Integer(prefix + "physicalcpu", level.cores)
        .Integer(prefix + "logicalcpu", level.cores)
        .Integer(prefix + "cpusperl2", level.cores_per_cluster)
        .Integer(prefix + "l1dcachesize", static_cast<int32_t>(level.l1d_bytes))
        .Integer(prefix + "l2cachesize", static_cast<int32_t>(level.l2_bytes));
    // Without a level, the slowest one answers.
    table.Quad("hw.l1dcachesize", level.l1d_bytes).Quad("hw.l2cachesize", level.l2_bytes);
    cores += level.cores;
  }
  return table.Integer("hw.physicalcpu", cores);
}

SysctlReader SysctlTable::reader() const {
  return [bytes = bytes_](const std::string& name) -> std::optional<std::string> {
    const auto found = bytes.find(name);
    return found == bytes.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace bitnet
