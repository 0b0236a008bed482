// How long masks take: mask_timing MODEL.gguf [REGEX ANSWER]. Follows answers, given here, with the model's
// vocabulary; each twice, since masks are kept. Prints microseconds for a token, its mask and going on by it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/grammar/grammar_cache.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {
namespace {

using Clock = std::chrono::steady_clock;

double MicrosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

struct Case {
  const char* name;
  Constraint constraint;
  const char* answer;
};

constexpr char kPerson[] =
    R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,
  "maximum":150},"email":{"type":"string","pattern":"^[a-z.]+@[a-z.]+$"},"tags":{"type":"array","items":{"enum":["admin","staff",
  "guest"]}},"address":{"type":"object","properties":{"street":{"type":"string","maxLength":80},"city":{"type":"string"}},
  "required":["street","city"]}},"required":["name","age","email","tags","address"],"additionalProperties":false})";
constexpr char kAda[] =
    "{\"name\": \"Ada Lovelace\", \"age\": 36, \"email\": \"ada.lovelace@example.org\", \"tags\": "
    "[\"staff\", \"admin\"], "
    "\"address\": {\"street\": \"12 St. James's Square, Westminster\", \"city\": \"London, near the "
    "river\"}}";

const Case kCases[] = {
    {"schema", {ConstraintKind::kJsonSchema, kPerson}, kAda},
    {"object", {ConstraintKind::kJsonObject}, kAda},
    {"regex",
     {ConstraintKind::kRegex, R"((\w+ ){3,20}\w+\.)"},
     "the keeper of the lighthouse looks out over the sea."},
};

void Follow(const Tokenizer& tokenizer, const Case& c, GrammarCache& cache, const char* round) {
  const std::vector<int32_t> ids = tokenizer.Encode(c.answer, SpecialTokens::kPlain);
  const auto begin = Clock::now();
  auto matcher = cache.NewMatcher(c.constraint, {});
  const double to_begin = MicrosecondsSince(begin);
  if (!matcher.ok()) {
    std::printf("%s: %s\n", c.name, matcher.status().ToString().c_str());
    return;
  }
  std::vector<double> times;
  for (int32_t id : ids) {
    const auto step = Clock::now();
    const std::span<const uint64_t> mask = (*matcher)->Allowed(tokenizer.end_ids(), true);
    const bool fits = (mask[id / 64] >> id % 64 & 1) != 0 && (*matcher)->Accept(id);
    times.push_back(MicrosecondsSince(step));
    if (!fits) {
      std::printf("%s: token %d does not fit\n", c.name, id);
      return;
    }
  }
  std::ranges::sort(times);
  std::printf("%-8s %-6s %3zu tokens: median %7.1f us, 90%% %7.1f, max %7.1f; to begin %8.1f\n", c.name,
              round, times.size(), times[times.size() / 2], times[times.size() * 9 / 10], times.back(),
              to_begin);
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  using namespace bitnet;
  auto file = ModelFile::Open(argc > 1 ? argv[1] : "", FileAccess::kMap);
  if (!file.ok()) {
    std::printf("%s\n", file.status().ToString().c_str());
    return 1;
  }
  const auto tokenizer = Tokenizer::FromGguf(**file);
  if (!tokenizer.ok()) {
    std::printf("%s\n", tokenizer.status().ToString().c_str());
    return 1;
  }
  GrammarCache cache(tokenizer->get(), (*tokenizer)->vocab_size());
  std::printf("%zu tokens\n", (*tokenizer)->vocab_size());
  if (argc > 3) {
    const Case own = {"yours", {ConstraintKind::kRegex, argv[2]}, argv[3]};
    Follow(**tokenizer, own, cache, "first");
    Follow(**tokenizer, own, cache, "again");
    return 0;
  }
  for (const Case& c : kCases) {
    Follow(**tokenizer, c, cache, "first");
    Follow(**tokenizer, c, cache, "again");
  }
  return 0;
}
