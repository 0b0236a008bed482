// A hardware register that begins again at zero, as a count that does not.
#pragma once

#include <cstdint>

namespace bitnet {

class WrappingCounter {
 public:
  // `range`: the register's highest value, as RAPL's max_energy_range_uj; 0: it does not wrap.
  explicit WrappingCounter(uint64_t range) : range_(range) {}

  // The register holds `raw` now. Returns the sum of what it has grown by since the first call. One wrap
  // between two calls is seen; of more, all but one are lost. A register that falls but does not wrap has
  // been reset, by a suspended machine perhaps: what it holds came since.
  uint64_t Advance(uint64_t raw) {
    if (started_) {
      total_ += raw >= last_ ? raw - last_ : Fallen(raw);
    }
    started_ = true;
    last_ = raw;
    return total_;
  }

  uint64_t total() const { return total_; }

 private:
  // From half of the range or below it did not wrap within a minute: it was reset.
  uint64_t Fallen(uint64_t raw) const {
    const bool wrapped = range_ >= last_ && last_ - raw > range_ / 2;
    return wrapped ? range_ - last_ + raw : raw;
  }

  const uint64_t range_;
  bool started_ = false;
  uint64_t last_ = 0;
  uint64_t total_ = 0;
};

}  // namespace bitnet
