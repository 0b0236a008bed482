#include "engine/huggingface/tokenizer/tokenizer_json.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/huggingface/tokenizer/json_builder.h"

namespace bitnet {
namespace {

// The parser's events, sent where they belong: model.vocab and model.merges to the result, the rest to a
// JsonBuilder, which sees null for those two.
class Handler {
 public:
  using json = nlohmann::json;

  explicit Handler(TokenizerJson& result) : result_(result) {}

  JsonBuilder& rest() { return rest_; }

  bool null() { return section_ == kRest ? rest_.null() : Scalar(); }
  bool boolean(bool value) { return section_ == kRest ? rest_.boolean(value) : Scalar(); }
  bool number_integer(int64_t value) { return section_ == kRest ? rest_.number_integer(value) : Scalar(); }
  bool number_float(double value, const std::string& text) {
    return section_ == kRest ? rest_.number_float(value, text) : Scalar();
  }
  bool binary(json::binary_t& value) { return rest_.binary(value); }
  bool parse_error(size_t position, const std::string& token, const nlohmann::detail::exception& error) {
    return rest_.parse_error(position, token, error);
  }

  bool number_unsigned(uint64_t value) {
    if (section_ == kRest) {
      return rest_.number_unsigned(value);
    }
    if (section_ != kVocab) {
      return Scalar();
    }
    result_.vocab.emplace_back(std::move(key_), value);
    return true;
  }

  bool string(std::string& value) {
    if (section_ == kRest) {
      return rest_.string(value);
    }
    if (section_ != kMerges) {
      return Scalar();
    }
    return depth_ == 2 ? PairPart(value) : Merge(value);
  }

  bool key(std::string& key) {
    if (section_ == kVocab) {
      key_ = std::move(key);
      return true;
    }
    if (section_ == kSkipped) {
      return true;
    }
    if (section_ == kMerges) {
      return WrongMerge();
    }
    if (rest_.depth() == 1) {
      in_model_ = key == "model";
    }
    wanted_ = rest_.depth() == 2 && in_model_ && (key == "vocab" || key == "merges") ? key : "";
    return rest_.key(key);
  }

  bool start_object(size_t size) {
    if (section_ == kRest && wanted_ == "vocab") {
      section_ = kVocab;
      return rest_.null() && Deeper();
    }
    return section_ == kRest ? rest_.start_object(size) : section_ == kSkipped ? Deeper() : Scalar();
  }

  bool start_array(size_t size) {
    if (section_ == kRest && !wanted_.empty()) {
      section_ = wanted_ == "merges" ? kMerges : kSkipped;
      return rest_.null() && Deeper();
    }
    if (section_ == kMerges && depth_ == 1) {
      num_parts_ = 0;
      return Deeper();
    }
    return section_ == kRest ? rest_.start_array(size) : section_ == kSkipped ? Deeper() : Scalar();
  }

  bool end_object() { return section_ == kRest ? rest_.end_object() : Shallower(); }
  bool end_array() {
    if (section_ == kMerges && depth_ == 2) {
      if (num_parts_ != 2) {
        return WrongMerge();
      }
      result_.merges.push_back(std::move(key_));
    }
    return section_ == kRest ? rest_.end_array() : Shallower();
  }

 private:
  enum Section { kRest, kVocab, kMerges, kSkipped };

  // A value where there should be none of this kind.
  bool Scalar() {
    switch (section_) {
      case kVocab:
        return rest_.Fail(absl::StrFormat("has entry %d of model.vocab that is no id", result_.vocab.size()));
      case kMerges:
        return WrongMerge();
      default:
        return true;
    }
  }
  bool WrongMerge() {
    return rest_.Fail(
        absl::StrFormat("has entry %d of model.merges that is not two tokens", result_.merges.size()));
  }
  bool Merge(std::string& value) {
    const size_t space = value.find(' ', 1);
    if (space == std::string::npos || space + 1 == value.size()) {
      return WrongMerge();
    }
    result_.merges.push_back(std::move(value));
    return true;
  }
  bool PairPart(const std::string& part) {
    if (part.empty() || part.find(' ') != std::string::npos || num_parts_ == 2) {
      return WrongMerge();
    }
    key_ = ++num_parts_ == 1 ? part : absl::StrCat(key_, " ", part);
    return true;
  }
  bool Deeper() {
    wanted_.clear();
    ++depth_;
    return true;
  }
  bool Shallower() {
    if (--depth_ == 0) {
      section_ = kRest;
    }
    return true;
  }

  TokenizerJson& result_;
  JsonBuilder rest_;
  Section section_ = kRest;
  size_t depth_ = 0;  // Of containers that are open in this section.
  bool in_model_ = false;
  std::string wanted_;  // "vocab" or "merges" while its value comes next.
  std::string key_;     // Of the vocabulary's next entry, or the parts of a pair, as they come.
  size_t num_parts_ = 0;
};

}  // namespace

absl::StatusOr<TokenizerJson> ParseTokenizerJson(std::string_view text, std::string_view name) {
  TokenizerJson result;
  Handler handler(result);
  nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
  if (!handler.rest().error().empty()) {
    return absl::DataLossError(absl::StrCat(std::string(name), " ", handler.rest().error()));
  }
  result.rest = handler.rest().Take();
  if (!result.rest.is_object()) {
    return absl::DataLossError(absl::StrCat(std::string(name), " is not a JSON object"));
  }
  return result;
}

}  // namespace bitnet
