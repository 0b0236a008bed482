// Whether tokens are guessed before the model chooses them.
#pragma once

#include <map>
#include <string>

namespace bitnet {

enum class Speculation {
  kOff,
  kPromptLookup,  // From what the prompt and the answer have said before.
};

// More are never worth their time: every guess must be right for the next one to count.
inline constexpr int kMaxDraft = 64;

// For flags.
inline std::map<std::string, Speculation> SpeculationNames() {
  return {{"off", Speculation::kOff}, {"lookup", Speculation::kPromptLookup}};
}

inline constexpr char kSpeculationHelp[] =
    "lookup: guess tokens from earlier ones and check several in one step, which changes no answer but makes "
    "repetitive ones faster; off: one token per step";

}  // namespace bitnet
