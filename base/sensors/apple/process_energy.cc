#include "base/sensors/apple/process_energy.h"

#include <utility>

namespace bitnet {
namespace {

constexpr double kNano = 1e-9;

class ProcessEnergySource final : public EnergySource {
 public:
  explicit ProcessEnergySource(ProcessEnergyReader reader) : reader_(std::move(reader)) {}
  const EnergyLabel& label() const override { return label_; }
  std::optional<double> ReadJoules() override {
    const std::optional<ProcessEnergy> energy = reader_();
    if (!energy.has_value() || energy->energy_nj == 0) {
      return std::nullopt;
    }
    return static_cast<double>(energy->energy_nj) * kNano;
  }

 private:
  const EnergyLabel label_ = {"rusage", "process"};
  const ProcessEnergyReader reader_;
};

}  // namespace

std::unique_ptr<EnergySource> MakeProcessEnergySource(ProcessEnergyReader reader) {
  return std::make_unique<ProcessEnergySource>(std::move(reader));
}

}  // namespace bitnet
