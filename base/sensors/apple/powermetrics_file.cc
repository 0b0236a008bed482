#include "base/sensors/apple/powermetrics_file.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace bitnet {
namespace {

std::streamoff SizeOf(std::ifstream& file) {
  file.seekg(0, std::ios::end);
  return file ? static_cast<std::streamoff>(file.tellg()) : 0;
}

class PowermetricsSource final : public EnergySource {
 public:
  PowermetricsSource(std::string scope, std::shared_ptr<PowermetricsFile> file)
      : label_{"powermetrics", std::move(scope)}, file_(std::move(file)) {}
  const EnergyLabel& label() const override { return label_; }
  std::optional<double> ReadJoules() override { return file_->ReadJoules(label_.scope); }

 private:
  const EnergyLabel label_;
  const std::shared_ptr<PowermetricsFile> file_;
};

}  // namespace

PowermetricsFile::PowermetricsFile(std::string path) : path_(std::move(path)) {
  std::ifstream file(path_, std::ios::binary);
  const absl::MutexLock lock(&mutex_);
  read_ = file ? SizeOf(file) : 0;
}

std::optional<double> PowermetricsFile::ReadJoules(const std::string& scope) {
  const absl::MutexLock lock(&mutex_);
  Update();
  const auto at = joules_.find(scope);
  return at != joules_.end() ? std::optional(at->second) : std::nullopt;
}

std::optional<PowermetricsSample> PowermetricsFile::last() const {
  const absl::MutexLock lock(&mutex_);
  return last_;
}

void PowermetricsFile::Update() {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    return;
  }
  const std::streamoff size = SizeOf(file);
  if (size < read_) {  // Another file by now.
    read_ = 0;
    parser_ = {};
  }
  file.seekg(read_);
  char bytes[4096];
  while (read_ < size) {
    file.read(bytes, std::min<std::streamoff>(sizeof(bytes), size - read_));
    if (file.gcount() == 0) {
      return;
    }
    read_ += file.gcount();
    for (PowermetricsSample& sample : parser_.Feed({bytes, static_cast<size_t>(file.gcount())})) {
      Take(std::move(sample));
    }
  }
}

void PowermetricsFile::Take(PowermetricsSample sample) {
  for (const auto& [scope, watts] : sample.watts) {
    joules_[scope] += watts * absl::ToDoubleSeconds(sample.elapsed);
  }
  last_ = std::move(sample);
}

EnergySources MakePowermetricsSources(const std::shared_ptr<PowermetricsFile>& file) {
  EnergySources sources;
  for (const char* scope : {"cpu", "gpu", "ane"}) {
    sources.push_back(std::make_unique<PowermetricsSource>(scope, file));
  }
  return sources;
}

}  // namespace bitnet
