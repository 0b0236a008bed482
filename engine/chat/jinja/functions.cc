#include "engine/chat/jinja/functions.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/arguments.h"
#include "engine/chat/jinja/number.h"

namespace bitnet::jinja {
namespace {

absl::StatusOr<Value> Range(Budget& budget, const Arguments& arguments) {
  ArgumentReader reader("range", arguments);
  const Value* first = reader.Required("start");
  const Value* second = reader.Optional("stop");
  const int64_t step = reader.Integer("step", 1);
  RETURN_IF_ERROR(reader.Finish());
  const std::optional<int64_t> begin = second != nullptr ? ToInteger(*first) : 0;
  const std::optional<int64_t> end = ToInteger(second != nullptr ? *second : *first);
  if (!begin.has_value() || !end.has_value() || step == 0) {
    return absl::InvalidArgumentError("range wants integers, and a step that is not 0");
  }
  std::vector<Value> numbers;
  int64_t number = *begin;
  while (step > 0 ? number < *end : number > *end) {
    RETURN_IF_ERROR(budget.Spend(1));
    numbers.push_back(Value::Int(number));
    if (__builtin_add_overflow(number, step, &number)) {
      break;
    }
  }
  return Value::MakeList(std::move(numbers));
}

absl::StatusOr<Value> MakeNamespaceOf(Budget& budget, const Arguments& arguments) {
  const Value result = Value::MakeNamespace();
  const auto set = [&](std::string_view name, const Value& value) -> absl::Status {
    RETURN_IF_ERROR(budget.SpendLookup(result.name_space()->items.size(), name.size()));
    return result.name_space()->Set(name, value);
  };
  if (arguments.positional.size() > 1 ||
      (arguments.positional.size() == 1 && arguments.positional[0].dict() == nullptr)) {
    return absl::InvalidArgumentError("namespace wants names with values");
  }
  if (arguments.positional.size() == 1) {
    for (const auto& [name, value] : arguments.positional[0].dict()->items) {
      RETURN_IF_ERROR(set(name.bytes(), value));
    }
  }
  for (const auto& [name, value] : arguments.named) {
    RETURN_IF_ERROR(set(name, value));
  }
  return result;
}

absl::StatusOr<Value> MakeDictOf(Budget& budget, const Arguments& arguments) {
  std::vector<std::pair<Text, Value>> items;
  if (arguments.positional.size() > 1 ||
      (arguments.positional.size() == 1 && arguments.positional[0].dict() == nullptr)) {
    return absl::InvalidArgumentError("dict wants a mapping, or names with values");
  }
  if (arguments.positional.size() == 1) {
    for (const auto& [key, value] : arguments.positional[0].dict()->items) {
      RETURN_IF_ERROR(budget.Spend(8));
      RETURN_IF_ERROR(budget.SpendBytes(key.size()));
      items.emplace_back(key, value);
    }
  }
  for (const auto& [name, value] : arguments.named) {
    RETURN_IF_ERROR(budget.Spend(8));
    items.emplace_back(Text(name, Origin::kTemplate), value);
  }
  return Value::MakeDict(std::move(items));
}

absl::StatusOr<Value> RaiseException(Budget&, const Arguments& arguments) {
  ArgumentReader reader("raise_exception", arguments);
  const Text& message = reader.String("message");
  RETURN_IF_ERROR(reader.Finish());
  return absl::Status(kRaised, message.bytes());
}

}  // namespace

void SetFunctions(absl::Time now, absl::TimeZone zone, Scope& scope) {
  const auto strftime_now = [now, zone](Budget& budget, const Arguments& arguments) -> absl::StatusOr<Value> {
    ArgumentReader reader("strftime_now", arguments);
    const Text& format = reader.String("format");
    RETURN_IF_ERROR(reader.Finish());
    if (format.size() > 1000) {
      return absl::InvalidArgumentError(
          absl::StrCat("strftime_now: the format has ", format.size(), " bytes; at most 1000 were wanted"));
    }
    Text text(absl::FormatTime(format.bytes(), now, zone), format.origin());
    RETURN_IF_ERROR(budget.SpendBytes(text.size()));
    return Value::String(std::move(text));
  };
  const Function functions[] = {{"range", Range},
                                {"namespace", MakeNamespaceOf},
                                {"dict", MakeDictOf},
                                {"raise_exception", RaiseException},
                                {"strftime_now", strftime_now}};
  for (const Function& function : functions) {
    scope.Set(function.name, Value::Of(function));
  }
}

}  // namespace bitnet::jinja
