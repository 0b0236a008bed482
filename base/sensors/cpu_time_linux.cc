// Linux: processor time from the process's own clock, and from /proc/stat.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/sensors/cpu_time.h"

namespace bitnet {
namespace {

// A descriptor that is closed with its last reader.
class StatFile {
 public:
  explicit StatFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~StatFile() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  StatFile(const StatFile&) = delete;
  StatFile& operator=(const StatFile&) = delete;

  // From the first line: ticks of user, nice, system, idle, iowait, irq, softirq, steal (proc(5)). What
  // guests take is in the first two; what a hypervisor steals is other machines'.
  std::optional<absl::Duration> ReadBusy() const {
    std::array<char, 256> text{};
    if (fd_ < 0 || pread(fd_, text.data(), text.size() - 1, 0) <= 0) {
      return std::nullopt;
    }
    unsigned long long user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
    if (std::sscanf(text.data(), "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &system, &irq,
                    &softirq) != 5) {
      return std::nullopt;
    }
    const auto ticks = static_cast<double>(user + nice + system + irq + softirq);
    return absl::Seconds(ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
  }

 private:
  const int fd_;
};

}  // namespace

OwnCpuTime ReadOwnCpuTime() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return {.total = absl::DurationFromTimespec(time)};
}

BusyTimeReader FindBusyTime(const std::string& root) {
  auto file = std::make_shared<StatFile>(root + "/proc/stat");
  if (!file->ReadBusy().has_value()) {
    return nullptr;
  }
  return [file = std::move(file)] { return file->ReadBusy(); };
}

}  // namespace bitnet
