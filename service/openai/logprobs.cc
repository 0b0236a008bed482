#include "service/openai/logprobs.h"

#include <string>
#include <utility>

#include "base/utf8_stream.h"

namespace bitnet::openai {
namespace {

Json Bytes(const std::string& text) {
  Json bytes = Json::array();
  for (const char byte : text) {
    bytes.push_back(static_cast<unsigned char>(byte));
  }
  return bytes;
}

Json Entry(const std::string& text, float logprob) {
  return {{"token", ToUtf8(text)}, {"logprob", logprob}, {"bytes", Bytes(text)}};
}

}  // namespace

Json ChatLogprob(const v1::Token& token) {
  Json entry = Entry(token.text(), token.logprob());
  Json top = Json::array();
  for (const v1::TokenLogprob& alternative : token.alternatives()) {
    top.push_back(Entry(alternative.text(), alternative.logprob()));
  }
  entry["top_logprobs"] = std::move(top);
  return entry;
}

void TextLogprobs::Add(const v1::Token& token) {
  all_["tokens"].push_back(ToUtf8(token.text()));
  all_["token_logprobs"].push_back(token.logprob());
  Json top = Json::object();
  for (const v1::TokenLogprob& alternative : token.alternatives()) {
    top[ToUtf8(alternative.text())] = alternative.logprob();
  }
  all_["top_logprobs"].push_back(std::move(top));
  all_["text_offset"].push_back(offset_);
  offset_ += token.text().size();
}

Json TextLogprobs::Take() { return std::exchange(all_, Empty()); }

}  // namespace bitnet::openai
