#include "engine/cli/prompt.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

absl::StatusOr<std::string> ReadAll(std::FILE* file, const std::string& name) {
  std::string text;
  char buffer[65536];
  while (const size_t count = std::fread(buffer, 1, sizeof(buffer), file)) {
    text.append(buffer, count);
  }
  if (std::ferror(file) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(name, ": cannot be read"));
  }
  return text;
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot be opened"));
  }
  absl::StatusOr<std::string> text = ReadAll(file, path);
  std::fclose(file);
  return text;
}

std::string Quote(std::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(std::string(text)), "\"");
}

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadPromptText(const InferOptions& options,
                                                          bool stdin_is_terminal) {
  if (options.prompt.has_value()) {
    return options.prompt;
  }
  if (options.prompt_file.has_value() && *options.prompt_file != "-") {
    ASSIGN_OR_RETURN(std::string text, ReadTextFile(*options.prompt_file));
    return text;
  }
  // In a conversation stdin holds the turns.
  if (options.prompt_file.has_value() || (!options.interactive && !stdin_is_terminal)) {
    ASSIGN_OR_RETURN(std::string text, ReadAll(stdin, "stdin"));
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      return absl::InvalidArgumentError(
          "there is no prompt: stdin is empty; give --prompt TEXT or --interactive");
    }
    return text;
  }
  return std::nullopt;
}

absl::Status ReadConstraintFile(InferOptions& options) {
  if (!options.constraint_file.empty()) {
    ASSIGN_OR_RETURN(options.constraint.text, ReadTextFile(options.constraint_file));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int32_t>> EncodePromptText(const InferOptions& options, const Tokenizer& tokenizer,
                                                      const ChatTemplate& chat, const std::string& text) {
  const bool is_chat = options.format == PromptFormat::kChat || !options.system.empty() ||
                       (options.format == PromptFormat::kAuto && chat.known());
  if (is_chat) {
    std::vector<ChatMessage> messages;
    if (!options.system.empty()) {
      messages.push_back({ChatRole::kSystem, options.system});
    }
    messages.push_back({ChatRole::kUser, text});
    return chat.Encode(messages);
  }
  if (!options.parse_markers) {
    return tokenizer.EncodePrompt(text);
  }
  std::vector<int32_t> ids = tokenizer.EncodePrompt("");
  const std::vector<int32_t> rest = tokenizer.Encode(text, SpecialTokens::kParse);
  ids.insert(ids.end(), rest.begin(), rest.end());
  return ids;
}

std::string AdapterName(size_t i) { return absl::StrCat("adapter", i); }

GenerationRequest MakeRequest(const InferOptions& options, std::vector<int32_t> prompt) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.sampling = options.sampling;
  request.max_tokens = options.max_tokens;
  request.min_tokens = options.min_tokens;
  request.ignore_eos = options.ignore_eos;
  request.num_logprobs = options.num_logprobs;
  request.constraint = options.constraint;
  for (size_t i = 0; i < options.adapters.size(); ++i) {
    request.adapters.push_back({AdapterName(i), options.adapters[i].scale});
  }
  return request;
}

std::string DescribeTokens(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::string out;
  for (const int32_t id : ids) {
    absl::StrAppendFormat(&out, "%7d  %s\n", id, Quote(tokenizer.TokenText(id)));
  }
  return out;
}

std::string DescribeLogprobs(const Tokenizer& tokenizer, const std::vector<GeneratedToken>& tokens) {
  std::string out;
  for (const GeneratedToken& token : tokens) {
    absl::StrAppendFormat(&out, "%7d  %9.4f  %s", token.id, token.logprob.value_or(0),
                          Quote(tokenizer.TokenText(token.id)));
    const char* separator = "  of";
    for (const TokenLogprob& other : token.alternatives) {
      absl::StrAppendFormat(&out, "%s %.4f %s", separator, other.logprob,
                            Quote(tokenizer.TokenText(other.id)));
      separator = ",";
    }
    out += '\n';
  }
  return out;
}

}  // namespace bitnet
