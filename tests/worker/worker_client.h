// What a front does with a worker, in as few words as a test wants.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "proto/socket_address.h"

namespace bitnet {

// A connection of its own, that is not shared with other stubs of the same path.
inline std::unique_ptr<worker::v1::WorkerService::Stub> ConnectToWorker(const std::string& socket_path) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return worker::v1::WorkerService::NewStub(
      grpc::CreateCustomChannel(SocketAddress(socket_path), grpc::InsecureChannelCredentials(), arguments));
}

inline worker::v1::GenerateRequest RequestWithPrompt(std::vector<uint32_t> prompt) {
  worker::v1::GenerateRequest request;
  request.set_request_id("test");
  request.set_attempt(2);
  request.mutable_prompt()->Assign(prompt.begin(), prompt.end());
  request.mutable_sampling()->set_seed(1);
  return request;
}

struct Answer {
  std::vector<worker::v1::GeneratedToken> tokens;
  std::vector<worker::v1::GenerateEmbedding> embeddings;
  std::vector<worker::v1::GenerateFinished> finished;
  bool token_after_finished = false;
  grpc::Status status;
};

// Reads until the stream ends.
inline Answer ReadToEnd(grpc::ClientReader<worker::v1::GenerateResponse>* reader) {
  Answer answer;
  worker::v1::GenerateResponse response;
  while (reader->Read(&response)) {
    if (response.has_tokens()) {
      EXPECT_EQ(response.tokens().attempt(), 2u);
      answer.token_after_finished |= !answer.finished.empty();
      const auto& tokens = response.tokens().tokens();
      answer.tokens.insert(answer.tokens.end(), tokens.begin(), tokens.end());
    } else if (response.has_embedding()) {
      answer.embeddings.push_back(response.embedding());
    } else if (response.has_finished()) {
      answer.finished.push_back(response.finished());
    }
  }
  answer.status = reader->Finish();
  return answer;
}

}  // namespace bitnet
