#include "engine/huggingface/tokenizer/pipeline.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/huggingface/tokenizer/json_builder.h"

namespace bitnet {
namespace {

using nlohmann::json;

constexpr std::string_view kSpace = "\u2581";

// Expressions as files write them. Ours must match every character of every text where pieces that match
// nothing are thrown away ("Removed" and inverted).
struct KnownExpression {
  std::string_view text;
  SplitStep step;
  bool matches_everything;
};
constexpr KnownExpression kExpressions[] = {
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     SplitStep::kLlama3, true},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     SplitStep::kQwen2, true},
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", SplitStep::kGpt2, true},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", SplitStep::kGpt2, true},
    {"[0-9][0-9][0-9]", SplitStep::kThreeDigits, false},
    {R"(\p{N})", SplitStep::kDigit, false},
    {R"(\p{N}+)", SplitStep::kDigits, false},
};

absl::Status Unknown(std::string_view name, std::string_view part, const json& found) {
  std::string text = found.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  if (text.size() > 300) {
    text.resize(300);
    text += "...";
  }
  return absl::UnimplementedError(absl::StrFormat("%s has a %s that is not known: %s", name, part, text));
}

// Sequences of sequences become one list; null is none. Depth is bounded by the parser's.
void Flatten(const json& value, std::string_view parts_key, std::vector<const json*>& out) {
  if (value.is_null()) {
    return;
  }
  const json& parts = ValueAt(value, parts_key);
  if (StringAt(value, "type") != "Sequence" || !parts.is_array()) {
    out.push_back(&value);
    return;
  }
  for (const json& part : parts) {
    Flatten(part, parts_key, out);
  }
}

class Reader {
 public:
  Reader(const json& tokenizer, std::string_view name) : tokenizer_(tokenizer), name_(name) {}

  absl::StatusOr<HfPipeline> Read() {
    const json& model = ValueAt(tokenizer_, "model");
    RETURN_IF_ERROR(ReadModel(model));
    std::vector<const json*> parts;
    Flatten(ValueAt(tokenizer_, "normalizer"), "normalizers", parts);
    for (const json* part : parts) {
      RETURN_IF_ERROR(ReadNormalizer(*part));
    }
    parts.clear();
    Flatten(ValueAt(tokenizer_, "pre_tokenizer"), "pretokenizers", parts);
    for (const json* part : parts) {
      RETURN_IF_ERROR(ReadPretokenizer(*part));
    }
    if (spaces_ == byte_level_ || (spaces_ && (!result_.kind.steps.empty() || result_.kind.nfc)) ||
        result_.kind.steps.size() > kMaxSplitSteps) {
      json both;
      both["normalizer"] = ValueAt(tokenizer_, "normalizer");
      both["pre_tokenizer"] = ValueAt(tokenizer_, "pre_tokenizer");
      return Unknown(name_, "combination of normalizer and pre_tokenizer", both);
    }
    result_.sentencepiece = spaces_;
    return result_;
  }

 private:
  absl::Status ReadModel(const json& model) {
    const std::string_view type = StringAt(model, "type");
    // Files of old versions have no type; what has merges is BPE.
    if (type != "BPE" && !(type.empty() && model.is_object() && model.contains("merges"))) {
      return absl::UnimplementedError(
          absl::StrFormat("%s has a model of type '%s'; only 'BPE' is known", name_, type));
    }
    for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!StringAt(model, key).empty()) {
        return Unknown(name_, std::string("model with ") + std::string(key), ValueAt(model, key));
      }
    }
    result_.kind.whole_words = TrueAt(model, "ignore_merges");
    return absl::OkStatus();
  }

  absl::Status ReadNormalizer(const json& part) {
    const std::string_view type = StringAt(part, "type");
    if (type == "NFC") {
      result_.kind.nfc = true;
    } else if (type == "Prepend" && StringAt(part, "prepend") == kSpace) {
      result_.adds_space = true;
    } else if (type == "Replace" && StringAt(ValueAt(part, "pattern"), "String") == " " &&
               StringAt(part, "content") == kSpace) {
      spaces_ = true;
    } else {
      return Unknown(name_, "normalizer", part);
    }
    return absl::OkStatus();
  }

  absl::Status ReadPretokenizer(const json& part) {
    const std::string_view type = StringAt(part, "type");
    if (type == "ByteLevel") {
      return ReadByteLevel(part);
    }
    if (type == "Split") {
      return ReadSplit(part);
    }
    if (type == "Digits") {
      const bool alone = TrueAt(part, "individual_digits");
      return AddStep(byte_level_ ? (alone ? SplitStep::kByteDigit : SplitStep::kByteDigits)
                                 : (alone ? SplitStep::kDigit : SplitStep::kDigits));
    }
    const std::string_view behavior = StringAt(part, "behavior");
    if (type == "Punctuation" && !byte_level_ && (behavior == "Contiguous" || behavior == "Isolated")) {
      return AddStep(behavior == "Contiguous" ? SplitStep::kPunctuationRuns : SplitStep::kPunctuation);
    }
    // Its prefix is for texts that do not begin with a space, and with "first" not after special tokens. What
    // "llama" means in a GGUF file is a prefix always: one space more in front of such texts.
    if (type == "Metaspace" && StringAt(part, "replacement") == kSpace && !TrueAt(part, "split")) {
      spaces_ = true;
      const std::string_view scheme = StringAt(part, "prepend_scheme");
      result_.adds_space = scheme.empty() ? TrueAt(part, "add_prefix_space") : scheme != "never";
      return absl::OkStatus();
    }
    return Unknown(name_, "pre_tokenizer", part);
  }

  absl::Status ReadByteLevel(const json& part) {
    if (TrueAt(part, "add_prefix_space") || byte_level_) {
      return Unknown(name_, "pre_tokenizer", part);
    }
    byte_level_ = true;
    const json& use_regex = ValueAt(part, "use_regex");  // True in files that are older than the key.
    return use_regex.is_null() || TrueAt(part, "use_regex") ? AddStep(SplitStep::kGpt2) : absl::OkStatus();
  }

  absl::Status ReadSplit(const json& part) {
    const std::string_view text = StringAt(ValueAt(part, "pattern"), "Regex");
    const auto* known = std::ranges::find(kExpressions, text, &KnownExpression::text);
    const bool isolated = StringAt(part, "behavior") == "Isolated" && !TrueAt(part, "invert");
    const bool removed = StringAt(part, "behavior") == "Removed" && TrueAt(part, "invert");
    if (known == std::end(kExpressions) || !(isolated || (removed && known->matches_everything)) ||
        (byte_level_ && known->step != SplitStep::kThreeDigits)) {
      return Unknown(name_, "pre_tokenizer", part);
    }
    return AddStep(known->step);
  }

  absl::Status AddStep(SplitStep step) {
    result_.kind.steps.push_back(step);
    return absl::OkStatus();
  }

  const json& tokenizer_;
  std::string_view name_;
  HfPipeline result_;
  bool byte_level_ = false;  // Whether text is written in the alphabet of bytes by now.
  bool spaces_ = false;      // Whether spaces become U+2581.
};

}  // namespace

absl::StatusOr<HfPipeline> ReadPipeline(const json& tokenizer, std::string_view name) {
  return Reader(tokenizer, name).Read();
}

}  // namespace bitnet
