#include "service/openai/logprobs.h"

#include <string>
#include <utility>

#include "base/utf8_stream.h"

namespace bitnet::openai {
namespace {

std::string Readable(const std::string& bytes) {
  Utf8Stream utf8;
  std::string text = utf8.Append(bytes);
  return text + utf8.Flush();
}

Json Bytes(const std::string& text) {
  Json bytes = Json::array();
  for (const char byte : text) {
    bytes.push_back(static_cast<unsigned char>(byte));
  }
  return bytes;
}

Json Entry(const std::string& text, float logprob) {
  return {{"token", Readable(text)}, {"logprob", logprob}, {"bytes", Bytes(text)}};
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
  all_["tokens"].push_back(Readable(token.text()));
  all_["token_logprobs"].push_back(token.logprob());
  Json top = Json::object();
  for (const v1::TokenLogprob& alternative : token.alternatives()) {
    top[Readable(alternative.text())] = alternative.logprob();
  }
  all_["top_logprobs"].push_back(std::move(top));
  all_["text_offset"].push_back(offset_);
  offset_ += token.text().size();
}

Json TextLogprobs::Take() { return std::exchange(all_, Empty()); }

}  // namespace bitnet::openai
