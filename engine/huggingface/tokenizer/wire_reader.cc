#include "engine/huggingface/tokenizer/wire_reader.h"

namespace bitnet {

std::optional<uint64_t> WireReader::Varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    value |= static_cast<uint64_t>(rest_[i] & 0x7F) << (7 * i);
    if (rest_[i] < 0x80) {
      rest_ = rest_.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> WireReader::Fixed(size_t size) {
  if (rest_.size() < size) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint64_t>(rest_[i]) << (8 * i);
  }
  rest_ = rest_.subspan(size);
  return value;
}

bool WireReader::ReadValue(Field& field) {
  std::optional<uint64_t> value;
  switch (field.type) {
    case Field::kVarint:
    case Field::kBytes:
      value = Varint();
      break;
    case Field::kFixed64:
      value = Fixed(8);
      break;
    case Field::kFixed32:
      value = Fixed(4);
      break;
  }
  if (!value.has_value()) {
    return false;
  }
  field.value = *value;
  if (field.type == Field::kBytes) {
    if (*value > rest_.size()) {
      return false;
    }
    field.bytes = rest_.first(*value);
    rest_ = rest_.subspan(*value);
  }
  return true;
}

std::optional<WireReader::Field> WireReader::Next() {
  if (rest_.empty() || !ok_) {
    return std::nullopt;
  }
  const std::optional<uint64_t> tag = Varint();
  Field field;
  // Groups, types 3 and 4, are of a time before SentencePiece.
  ok_ = tag.has_value() && *tag >> 3 != 0 && *tag >> 32 == 0 &&
        ((*tag & 7) <= Field::kBytes || (*tag & 7) == Field::kFixed32);
  if (ok_) {
    field.number = static_cast<uint32_t>(*tag >> 3);
    field.type = static_cast<decltype(field.type)>(*tag & 7);
    ok_ = ReadValue(field);
  }
  return ok_ ? std::optional(field) : std::nullopt;
}

}  // namespace bitnet
