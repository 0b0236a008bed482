#include "engine/chat/jinja/loop.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/operators.h"

namespace bitnet::jinja {
namespace {

Function CycleFunction(Value handle) {
  return {"loop.cycle",
          [handle = std::move(handle)](Budget&, const Arguments& arguments) -> absl::StatusOr<Value> {
            if (arguments.positional.empty() || !arguments.named.empty()) {
              return absl::InvalidArgumentError("loop.cycle wants values");
            }
            return arguments.positional[handle.loop()->index % arguments.positional.size()];
          }};
}

Function ChangedFunction(Value handle) {
  return {"loop.changed",
          [handle = std::move(handle)](Budget& budget, const Arguments& arguments) -> absl::StatusOr<Value> {
            Loop& loop = *handle.loop();
            ASSIGN_OR_RETURN(const Value now, Value::MakeList(arguments.positional));
            ASSIGN_OR_RETURN(const Value before, Value::MakeList(loop.last_changed));
            ASSIGN_OR_RETURN(const bool equal, Equal(budget, now, before));
            const bool changed = !loop.has_changed || !equal;
            loop.has_changed = true;
            loop.last_changed = arguments.positional;
            return Value::Bool(changed);
          }};
}

}  // namespace

absl::StatusOr<Value> LoopAttribute(const Value& loop, std::string_view name) {
  const Loop& state = *loop.loop();
  const size_t length = state.items.size();
  const auto count = [](size_t number) { return Value::Int(static_cast<int64_t>(number)); };
  if (name == "index") return count(state.index + 1);
  if (name == "index0") return count(state.index);
  if (name == "revindex") return count(length - state.index);
  if (name == "revindex0") return count(length - state.index - 1);
  if (name == "first") return Value::Bool(state.index == 0);
  if (name == "last") return Value::Bool(state.index + 1 == length);
  if (name == "length") return count(length);
  if (name == "depth") return Value::Int(state.depth);
  if (name == "depth0") return Value::Int(state.depth - 1);
  if (name == "previtem" && state.index > 0) return state.items[state.index - 1];
  if (name == "nextitem" && state.index + 1 < length) return state.items[state.index + 1];
  if (name == "cycle") return Value::Of(CycleFunction(loop));
  if (name == "changed") return Value::Of(ChangedFunction(loop));
  return Value::MakeUndefined(absl::StrCat("loop.", std::string(name)));
}

}  // namespace bitnet::jinja
