#include "engine/chat/jinja/template.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/chat/jinja/functions.h"
#include "engine/chat/jinja/interpreter.h"
#include "engine/chat/jinja/parser.h"

namespace bitnet::jinja {

namespace {

// A name or a number of a template may be as long as the template, and what it raises even longer.
absl::Status Mistake(absl::string_view message) {
  constexpr size_t kMaxBytes = 1000;
  return absl::InvalidArgumentError(
      absl::StrCat(message.substr(0, kMaxBytes), message.size() > kMaxBytes ? "..." : ""));
}

}  // namespace

absl::StatusOr<Template> Template::Parse(std::string_view source) {
  absl::StatusOr<Block> block = ParseTemplate(source);
  if (!block.ok()) {
    return Mistake(block.status().message());
  }
  return Template(*std::move(block));
}

absl::StatusOr<Text> Template::Render(const std::vector<std::pair<std::string, Value>>& variables,
                                      const RenderOptions& options) const {
  Budget budget(options.work);
  const auto globals = std::make_shared<Scope>(nullptr);
  SetFunctions(options.now, options.zone, *globals);
  for (const auto& [name, value] : variables) {
    globals->Set(name, value);
  }
  // What the template sets lives no longer than the interpreter that its macros refer to.
  Interpreter interpreter(budget, std::make_shared<Scope>(globals));
  absl::StatusOr<Text> text = interpreter.Run(block_);
  if (text.ok() || text.status().code() == kRaised) {
    return text.ok() ? std::move(text) : Mistake(text.status().message());
  }
  return Mistake(absl::StrCat("line ", interpreter.line(), ": ", text.status().message()));
}

}  // namespace bitnet::jinja
