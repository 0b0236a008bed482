#include "engine/convert/verify.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

// Rounding to half precision moves a number by a part in 2^11, or by 2^-25 where it becomes subnormal.
constexpr float kHalfRelative = 0x1p-11f;
constexpr float kHalfAbsolute = 0x1p-25f;

absl::Status Differs(const TensorPlan& plan, const std::string& what) {
  return absl::DataLossError(absl::StrFormat("reading back: tensor %s %s", QuoteName(plan.name), what));
}

bool WithinHalfRounding(float source, float written) {
  return std::fabs(written - source) <= std::fabs(source) * kHalfRelative + kHalfAbsolute;
}

// Compares rows of two matrices; each thread has one.
class RowComparer {
 public:
  RowComparer(const RowDecoder& source, const RowDecoder& written)
      : source_(source),
        written_(written),
        both_codes_(source.codes() != CodeRange::kNone && written.codes() != CodeRange::kNone),
        a_(source.k()),
        b_(source.k()) {
    if (both_codes_) {
      source_codes_.resize(source.k());
      written_codes_.resize(source.k());
      source_scales_.resize(source.k() / source.group_weights());
      written_scales_.resize(source.k() / written.group_weights());
    }
  }

  // False: not what was to be written.
  bool Compare(size_t row, EncodeError& error) {
    return (both_codes_ && CompareCodes(row, error)) || CompareFloats(row, error);
  }

 private:
  // The usual case, and several times as fast as by floats, to which it falls back: false says nothing. Where
  // codes are the same, weights are as far apart as their scales.
  bool CompareCodes(size_t row, EncodeError& error) {
    if (!source_.Codes(row, source_codes_.data(), source_scales_.data()) ||
        !written_.Codes(row, written_codes_.data(), written_scales_.data()) ||
        source_codes_ != written_codes_) {
      return false;
    }
    const size_t k = source_.k();
    const size_t group = std::gcd(source_.group_weights(), written_.group_weights());
    EncodeError of_row = {.num_weights = k};
    for (size_t begin = 0; begin < k; begin += group) {
      const float a = source_scales_[begin / source_.group_weights()];
      const float b = written_scales_[begin / written_.group_weights()];
      int32_t squares = 0;
      int32_t largest = 0;
      for (size_t i = begin; i < begin + group; ++i) {
        const int32_t code = source_codes_[i];
        squares += code * code;
        largest = std::max(largest, code < 0 ? -code : code);
      }
      if (squares != 0 && !WithinHalfRounding(a, b)) {
        return false;
      }
      const double difference = static_cast<double>(b) - a;
      of_row.largest = std::max(of_row.largest, std::fabs(difference) * largest);
      of_row.sum_of_squares += difference * difference * squares;
      of_row.source_sum_of_squares += static_cast<double>(a) * a * squares;
    }
    error.Add(of_row);
    return true;
  }

  bool CompareFloats(size_t row, EncodeError& error) {
    if (!source_.Floats(row, a_.data()) || !written_.Floats(row, b_.data())) {
      return false;
    }
    EncodeError of_row = {.num_weights = a_.size()};
    bool within = true;
    for (size_t i = 0; i < a_.size(); ++i) {
      within &= WithinHalfRounding(a_[i], b_[i]);
      const double difference = static_cast<double>(b_[i]) - a_[i];
      of_row.largest = std::max(of_row.largest, std::fabs(difference));
      of_row.sum_of_squares += difference * difference;
      of_row.source_sum_of_squares += static_cast<double>(a_[i]) * a_[i];
    }
    error.Add(of_row);
    return within || written_.codes() == CodeRange::kNone;
  }

  const RowDecoder& source_;   // Borrowed; outlive this.
  const RowDecoder& written_;  // The same.
  const bool both_codes_;
  std::vector<float> a_, b_;
  std::vector<int8_t> source_codes_, written_codes_;
  std::vector<float> source_scales_, written_scales_;
};

}  // namespace

absl::StatusOr<EncodeError> VerifyTensor(const ModelTensor& source, const ModelTensor& written,
                                         const TensorPlan& plan, I2sLayout i2s, ThreadPool& pool) {
  if (written.type != plan.to || written.dims != source.dims) {
    return Differs(plan, "has another type or shape than was written");
  }
  // A GGUF file says where tensors begin, so a type of unknown size seems to end where the next begins.
  if (written.data.size() < plan.bytes) {
    return Differs(plan, absl::StrFormat("has %d bytes of %d", written.data.size(), plan.bytes));
  }
  if (plan.copy) {
    if (std::memcmp(source.data.data(), written.data.data(), plan.bytes) != 0) {
      return Differs(plan, "is not what was copied");
    }
    return EncodeError{.num_weights = source.num_elements()};
  }
  ASSIGN_OR_RETURN(const RowDecoder from, RowDecoder::Create(source, i2s));
  ModelTensor exact = written;
  exact.data = written.data.first(plan.bytes);
  ASSIGN_OR_RETURN(const RowDecoder to, RowDecoder::Create(exact));
  EncodeError total;
  std::mutex mutex;  // Guards `total`, once per thread.
  std::atomic<int64_t> bad_row = -1;
  pool.ParallelFor(plan.rows, [&](size_t begin, size_t end) {
    RowComparer comparer(from, to);
    EncodeError error;
    for (size_t row = begin; row < end; ++row) {
      if (!comparer.Compare(row, error)) {
        bad_row = static_cast<int64_t>(row);
        return;
      }
    }
    const std::lock_guard lock(mutex);
    total.Add(error);
  });
  if (bad_row >= 0) {
    return Differs(plan, absl::StrFormat("differs from its source in row %d", bad_row.load()));
  }
  return total;
}

}  // namespace bitnet
