// The HTTP surface that OpenAI's clients speak, and what belongs to it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "service/http/http_api.h"
#include "service/rpc/serving.h"

namespace bitnet::openai {

// POST /v1/chat/completions, /v1/completions, /v1/embeddings, /tokenize, /detokenize; GET /v1/models,
// /v1/models/NAME. Requests wait, are refused, ended and counted as those of gRPC.
class Api final : public HttpApi {
 public:
  // Unless `allowed` is OK, every request is answered with it.
  Api(const Serving& serving, absl::Status allowed) : serving_(serving), allowed_(std::move(allowed)) {}

  bool Serves(std::string_view path) const override;
  boost::asio::awaitable<void> Answer(HttpExchange& exchange) override;
  HttpAnswer Refuse(int status, std::string_view why) const override;

 private:
  const Serving serving_;
  const absl::Status allowed_;
};

}  // namespace bitnet::openai
