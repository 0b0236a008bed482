// Constraints on answers: compiled, and followed for a while.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/grammar/grammar_text.h"
#include "engine/grammar/json_schema.h"
#include "engine/grammar/pushdown.h"
#include "engine/grammar/regex.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {
namespace {

// What the limits on rules, nodes and parts come to, with what compiling takes beside.
constexpr uint64_t kMaxBytes = 160 << 20;
constexpr size_t kMaxMessage = 70000;  // It may quote a name.
constexpr size_t kSteps = 300;

absl::StatusOr<Grammar> Compile(char kind, std::string_view text) {
  switch (kind) {
    case 'j':
      return CompileJsonSchema(text);
    case 'r':
      return CompileRegex(text);
    default:
      return CompileGrammarText(text);
  }
}

// Takes a byte that fits at each step, which one depends on the input; ends where the text must, or where it
// may and the input says so.
std::string Walk(const Grammar& grammar, std::string_view input, bool& finished) {
  Pushdown pushdown(&grammar);
  Pushdown::State state = pushdown.Start();
  std::string text;
  finished = pushdown.accepting(state);
  for (size_t i = 0; i < kSteps; ++i) {
    const auto wish = static_cast<uint8_t>(input[i % input.size()] + i / input.size());
    if (pushdown.complete(state) || (pushdown.accepting(state) && wish % 4 == 0)) {
      finished = true;
      return text;
    }
    int byte = wish;
    Pushdown::State next = Pushdown::kDead;
    for (int tries = 0; tries < 256 && next == Pushdown::kDead; ++tries) {
      byte = (wish + 37 * tries) % 256;
      next = pushdown.Step(state, static_cast<uint8_t>(byte));
    }
    if (next == Pushdown::kDead) {
      break;  // A limit.
    }
    text += static_cast<char>(byte);
    if (i % 16 == 7) {
      const Fingerprint fingerprint = pushdown.fingerprint(next);
      pushdown.Compact({&next, 1});
      BITNET_FUZZ_CHECK(pushdown.fingerprint(next) == fingerprint);
    }
    state = next;
    finished = pushdown.accepting(state);
  }
  return text;
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  if (size < 2) {
    return 0;
  }
  const auto kind = static_cast<char>(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const AllocationMeter compiling;
  const absl::StatusOr<Grammar> grammar = Compile(kind, text);
  BITNET_FUZZ_CHECK(compiling.peak() <= kMaxBytes);
  if (!grammar.ok()) {
    BITNET_FUZZ_CHECK(grammar.status().code() == absl::StatusCode::kInvalidArgument);
    BITNET_FUZZ_CHECK(!grammar.status().message().empty() &&
                      grammar.status().message().size() <= kMaxMessage);
    return 0;
  }
  bool finished = false;
  const std::string answer = Walk(*grammar, text, finished);
  if (kind == 'j' && finished) {
    BITNET_FUZZ_CHECK(nlohmann::json::accept(answer));
  }
  return 0;
}
