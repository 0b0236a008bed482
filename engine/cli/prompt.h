// From options and files to the tokens of a prompt.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/cli/options.h"
#include "engine/engine.h"

namespace bitnet {

// The prompt's text: of --prompt, of --file, or of stdin when that is no terminal. Nothing if there is none
// and a conversation is to be held.
absl::StatusOr<std::optional<std::string>> ReadPromptText(const InferOptions& options,
                                                          bool stdin_is_terminal);

// Reads options.constraint_file, if there is one.
absl::Status ReadConstraintFile(InferOptions& options);

// The tokens of a single prompt, in the format that `options` and the model ask for.
absl::StatusOr<std::vector<int32_t>> EncodePromptText(const InferOptions& options, const Tokenizer& tokenizer,
                                                      const ChatTemplate& chat, const std::string& text);

// What the engine calls options.adapters[i].
std::string AdapterName(size_t i);

// What `options` ask of the engine, for these tokens.
GenerationRequest MakeRequest(const InferOptions& options, std::vector<int32_t> prompt);

// Each token's id and text, one per line, for people.
std::string DescribeTokens(const Tokenizer& tokenizer, const std::vector<int32_t>& ids);

// One line for each token: its log-probability, then the likeliest ones.
std::string DescribeLogprobs(const Tokenizer& tokenizer, const std::vector<GeneratedToken>& tokens);

}  // namespace bitnet
