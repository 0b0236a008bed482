// What an expression of a template can be.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/text.h"

namespace bitnet::jinja {

class Value;
struct Arguments;
struct List;
struct Dict;
struct Namespace;
struct Loop;
struct Function;

// A cheap handle: texts, lists and dicts never change once made, so copies share them. (That is also what
// templates are allowed by the programs that models are trained with.) Only a namespace can be assigned to;
// no container takes one, nor what may refer to one, so that nothing can contain itself.
class Value {
 public:
  // Something that is not there. `name` is for the message when it is used nevertheless; the beginning of a
  // long one is kept.
  Value() : Value(Undefined{}) {}
  static Value MakeUndefined(std::string_view name);
  static Value None() { return Value(NoneType{}); }
  static Value Bool(bool value) { return Value(value); }
  static Value Int(int64_t value) { return Value(value); }
  static Value Float(double value) { return Value(value); }
  static Value String(Text text) { return Value(std::make_shared<const Text>(std::move(text))); }
  static Value String(std::string_view bytes, Origin origin = Origin::kTemplate) {
    return String(Text(bytes, origin));
  }
  // An error if the items nest too deeply or are a namespace, a loop or a function.
  static absl::StatusOr<Value> MakeList(std::vector<Value> items, bool is_tuple = false);
  // A later item replaces an earlier one of the same key.
  static absl::StatusOr<Value> MakeDict(std::vector<std::pair<Text, Value>> items);
  static Value MakeNamespace();
  static Value Of(std::shared_ptr<Loop> loop) { return Value(std::move(loop)); }
  static Value Of(Function function);

  bool is_undefined() const { return std::holds_alternative<Undefined>(value_); }
  bool is_none() const { return std::holds_alternative<NoneType>(value_); }
  // Null unless the value is one.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&value_); }
  const double* floating() const { return std::get_if<double>(&value_); }
  const Text* text() const { return Shared<const Text>(); }
  const List* list() const { return Shared<const List>(); }
  const Dict* dict() const { return Shared<const Dict>(); }
  Namespace* name_space() const { return Shared<Namespace>(); }
  Loop* loop() const { return Shared<Loop>(); }
  const Function* function() const { return Shared<const Function>(); }

  // As Python's bool().
  bool IsTrue() const;
  // "list": for messages.
  std::string_view TypeName() const;
  // "'x' is undefined", or of which type it is.
  std::string Describe() const;
  // How many containers are inside each other, this one included; more than may be for what none may hold.
  int NestingDepth() const;

 private:
  struct Undefined {
    std::shared_ptr<const std::string> name;
  };
  struct NoneType {};
  using Variant =
      std::variant<Undefined, NoneType, bool, int64_t, double, std::shared_ptr<const Text>,
                   std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                   std::shared_ptr<Loop>, std::shared_ptr<const Function>>;

  explicit Value(Variant value) : value_(std::move(value)) {}

  template <typename T>
  T* Shared() const {
    const auto* pointer = std::get_if<std::shared_ptr<T>>(&value_);
    return pointer != nullptr ? pointer->get() : nullptr;
  }

  Variant value_;
};

struct List {
  std::vector<Value> items;
  bool is_tuple = false;  // Looks different as text, and nothing else.
  int depth = 1;
};

struct Dict {
  std::vector<std::pair<Text, Value>> items;  // In order of insertion. Keys are strings, as in JSON.
  int depth = 1;

  // Null if there is no such key.
  const Value* Find(std::string_view key) const;
};

// namespace(...): what a loop's body uses to leave something behind.
struct Namespace {
  std::vector<std::pair<std::string, Value>> items;

  const Value* Find(std::string_view name) const;
  // An error for a `value` that no container may hold.
  absl::Status Set(std::string_view name, Value value);
};

// The `loop` variable.
struct Loop {
  std::vector<Value> items;
  size_t index = 0;
  int depth = 1;
  std::vector<Value> last_changed;  // What loop.changed() was given last.
  bool has_changed = false;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct Function {
  std::string name;
  std::function<absl::StatusOr<Value>(Budget&, const Arguments&)> call;
};

}  // namespace bitnet::jinja
