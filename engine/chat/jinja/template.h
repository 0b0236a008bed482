// A template of the Jinja language, as far as models' chat templates use it.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/chat/jinja/syntax.h"
#include "engine/chat/jinja/text.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

struct RenderOptions {
  // What may be done: see Budget. Enough for the longest of the known templates on a book's worth of
  // messages.
  uint64_t work = uint64_t{4} << 20;
  absl::Time now = absl::UnixEpoch();  // For strftime_now().
  absl::TimeZone zone = absl::UTCTimeZone();
};

// Immutable; safe to share between threads.
class Template {
 public:
  // INVALID_ARGUMENT: "line 3: '%}' was wanted, 'x' was found". Names of filters and tests are not checked:
  // a template may hold what it never comes to.
  static absl::StatusOr<Template> Parse(std::string_view source);

  // INVALID_ARGUMENT: "line 3: ..." if the template cannot be applied to `variables`, does too much or nests
  // too deeply; or, without a line, what the template itself says with raise_exception().
  absl::StatusOr<Text> Render(const std::vector<std::pair<std::string, Value>>& variables,
                              const RenderOptions& options) const;

 private:
  explicit Template(Block block) : block_(std::move(block)) {}

  Block block_;
};

}  // namespace bitnet::jinja
