// What a conversion is to produce.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/convert/chip.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/model_file.h"
#include "engine/weights/head_format.h"

namespace bitnet {

enum class PackMode : uint8_t {
  kNone,  // A type that other programs read.
  kAuto,  // A layout of our kernels, chosen for each tensor.
  k2Bit,
  kBase3,
  k1Bit,
};

struct ConvertOptions {
  PackMode pack = PackMode::kAuto;
  // Without packing, the type of all matrices with weights of one or two bits, or kF16. Not given: as they
  // are, or I2_S for those of Hugging Face.
  std::optional<GgmlType> outtype = {};
  // Of the token embedding and the output head. Not given: half precision for floats, others as they are.
  std::optional<GgmlType> embedding_type = {};
  HeadFormat head = HeadFormat::kAuto;        // With packing, and without `embedding_type`.
  I2sLayout i2s_layout = I2sLayout::k128x32;  // Of the input.
  TargetArch target = TargetArch::kNative;
};

}  // namespace bitnet
