// Variables.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// What a block sets is not seen outside it; what is set outside is seen within.
class Scope {
 public:
  explicit Scope(std::shared_ptr<Scope> parent)
      : parent_(std::move(parent)), depth_(parent_ != nullptr ? parent_->depth_ + 1 : 0) {}

  // How many scopes it is in.
  int depth() const { return depth_; }

  void Set(std::string_view name, Value value) {
    variables_.insert_or_assign(std::string(name), std::move(value));
  }
  // Undefined if there is none.
  Value Get(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
      if (const auto it = scope->variables_.find(name); it != scope->variables_.end()) {
        return it->second;
      }
    }
    return Value::MakeUndefined(name);
  }

 private:
  const std::shared_ptr<Scope> parent_;
  const int depth_;
  std::map<std::string, Value, std::less<>> variables_;
};

}  // namespace bitnet::jinja
