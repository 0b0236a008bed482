#include "engine/chat/jinja/lookup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/loop.h"
#include "engine/chat/jinja/number.h"

namespace bitnet::jinja {
namespace {

// The item that `object` holds under `name`; null if there is none.
absl::StatusOr<const Value*> FindNamed(Budget& budget, const Value& object, std::string_view name) {
  if (object.dict() != nullptr) {
    RETURN_IF_ERROR(budget.SpendLookup(object.dict()->items.size(), name.size()));
    return object.dict()->Find(name);
  }
  return nullptr;
}

absl::StatusOr<Value> MethodOf(const Value& object, std::string_view name) {
  std::optional<Function> method = FindMethod(object, name);
  return method.has_value() ? Value::Of(*std::move(method)) : Value::MakeUndefined(name);
}

// Counted from the end if negative; nothing if it is out of range.
std::optional<size_t> Position(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (index < -count || index >= count) {
    return std::nullopt;
  }
  return static_cast<size_t>(index < 0 ? index + count : index);
}

// Python's slice(begin, end, step).indices(size), as the positions in order.
struct Range {
  int64_t begin, end, step;
};
Range Clamp(std::optional<int64_t> begin, std::optional<int64_t> end, int64_t step, size_t size) {
  const auto count = static_cast<int64_t>(size);
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? count : count - 1;
  const auto clamp = [&](int64_t index) {
    return index < 0 ? std::max(index < -count ? low : index + count, low) : std::min(index, high);
  };
  return {begin.has_value() ? clamp(*begin) : (step > 0 ? low : high),
          end.has_value() ? clamp(*end) : (step > 0 ? high : low), step};
}

std::vector<size_t> Positions(const Range& range) {
  std::vector<size_t> positions;
  int64_t at = range.begin;
  while (range.step > 0 ? at < range.end : at > range.end) {
    positions.push_back(static_cast<size_t>(at));
    if (__builtin_add_overflow(at, range.step, &at)) {
      break;
    }
  }
  return positions;
}

// Nothing for what is missing or none.
absl::StatusOr<std::optional<int64_t>> SliceIndex(const Value* value) {
  if (value == nullptr || value->is_none()) {
    return std::nullopt;
  }
  const std::optional<int64_t> index = ToInteger(*value);
  if (!index.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("a slice wants integers; ", value->Describe()));
  }
  return index;
}

Text Chars(const Text& text, const std::vector<size_t>& offsets, const Range& range) {
  if (range.step == 1) {
    return range.begin < range.end ? text.Part(offsets[range.begin], offsets[range.end]) : Text();
  }
  Text result;
  for (const size_t at : Positions(range)) {
    result.Append(text.Part(offsets[at], offsets[at + 1]));
  }
  return result;
}

}  // namespace

absl::StatusOr<Value> GetAttribute(Budget& budget, const Value& object, std::string_view name) {
  if (object.is_undefined()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no '", std::string(name), "' of what is undefined: ", object.Describe()));
  }
  if (object.name_space() != nullptr) {
    RETURN_IF_ERROR(budget.SpendLookup(object.name_space()->items.size(), name.size()));
    const Value* value = object.name_space()->Find(name);
    return value != nullptr ? *value : Value::MakeUndefined(name);
  }
  if (object.loop() != nullptr) {
    return LoopAttribute(object, name);
  }
  if (std::optional<Function> method = FindMethod(object, name)) {
    return Value::Of(*std::move(method));
  }
  ASSIGN_OR_RETURN(const Value* const value, FindNamed(budget, object, name));
  return value != nullptr ? *value : Value::MakeUndefined(name);
}

absl::StatusOr<Value> GetItem(Budget& budget, const Value& object, const Value& index) {
  if (object.is_undefined()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no item of what is undefined: ", object.Describe()));
  }
  if (index.text() != nullptr) {
    const std::string& name = index.text()->bytes();
    if (object.name_space() != nullptr || object.loop() != nullptr) {
      return GetAttribute(budget, object, name);
    }
    ASSIGN_OR_RETURN(const Value* const value, FindNamed(budget, object, name));
    return value != nullptr ? *value : MethodOf(object, name);
  }
  const std::optional<int64_t> number = ToInteger(index);
  if (!number.has_value()) {
    return Value::MakeUndefined("item");
  }
  if (object.list() != nullptr) {
    const std::vector<Value>& items = object.list()->items;
    const std::optional<size_t> at = Position(*number, items.size());
    return at.has_value() ? items[*at] : Value::MakeUndefined(absl::StrCat("item ", *number));
  }
  if (object.text() != nullptr) {
    const Text& text = *object.text();
    RETURN_IF_ERROR(budget.SpendBytes(text.size()));
    const std::vector<size_t> offsets = CharOffsets(text.bytes());
    const std::optional<size_t> at = Position(*number, offsets.size() - 1);
    return at.has_value() ? Value::String(text.Part(offsets[*at], offsets[*at + 1]))
                          : Value::MakeUndefined(absl::StrCat("character ", *number));
  }
  return Value::MakeUndefined(absl::StrCat("item ", *number));
}

absl::StatusOr<Value> GetSlice(Budget& budget, const Value& object, const Value* begin, const Value* end,
                               const Value* step) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> first, SliceIndex(begin));
  ASSIGN_OR_RETURN(const std::optional<int64_t> last, SliceIndex(end));
  ASSIGN_OR_RETURN(const std::optional<int64_t> stride, SliceIndex(step));
  if (stride == 0) {
    return absl::InvalidArgumentError("a slice's step is 0");
  }
  if (object.text() != nullptr) {
    const Text& text = *object.text();
    RETURN_IF_ERROR(budget.Spend(text.size()));
    const std::vector<size_t> offsets = CharOffsets(text.bytes());
    return Value::String(Chars(text, offsets, Clamp(first, last, stride.value_or(1), offsets.size() - 1)));
  }
  if (object.list() == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("only strings and lists have slices; ", object.Describe()));
  }
  const std::vector<Value>& items = object.list()->items;
  RETURN_IF_ERROR(budget.Spend(items.size()));
  std::vector<Value> chosen;
  for (const size_t at : Positions(Clamp(first, last, stride.value_or(1), items.size()))) {
    chosen.push_back(items[at]);
  }
  return Value::MakeList(std::move(chosen), object.list()->is_tuple);
}

absl::StatusOr<std::vector<Value>> ItemsOf(Budget& budget, const Value& value) {
  std::vector<Value> items;
  if (value.list() != nullptr) {
    RETURN_IF_ERROR(budget.Spend(value.list()->items.size()));
    return value.list()->items;
  }
  if (value.dict() != nullptr) {
    for (const auto& [key, item] : value.dict()->items) {
      RETURN_IF_ERROR(budget.Spend(1));
      RETURN_IF_ERROR(budget.SpendBytes(key.size()));
      items.push_back(Value::String(key));
    }
    return items;
  }
  if (value.text() != nullptr) {
    // A character on its own takes some hundred bytes.
    RETURN_IF_ERROR(budget.Spend(8 * value.text()->size()));
    const std::vector<size_t> offsets = CharOffsets(value.text()->bytes());
    for (size_t i = 0; i + 1 < offsets.size(); ++i) {
      items.push_back(Value::String(value.text()->Part(offsets[i], offsets[i + 1])));
    }
    return items;
  }
  if (value.is_undefined()) {
    return items;
  }
  return absl::InvalidArgumentError(absl::StrCat("a list, mapping or string was wanted; ", value.Describe()));
}

}  // namespace bitnet::jinja
