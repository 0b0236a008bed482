// POST /v1/embeddings of a real front, byte by byte, with scripted workers.
#include <gtest/gtest.h>

#include <string>

#include "tests/service/openai_fixture.h"

namespace bitnet {
namespace {

using OpenAiEmbeddingsTest = OpenAiTest;

TEST_F(OpenAiEmbeddingsTest, AnswersWithAVectorForEachInput) {
  StartReady();
  const auto reply =
      Post("/v1/embeddings", {{"input", {"abc", "d"}}, {"pooling", "mean"}, {"user", "somebody"}});
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\n")) << reply.head;
  EXPECT_NE(reply.head.find("X-Request-Id: "), std::string::npos) << reply.head;
  EXPECT_EQ(reply.json(), ParseJson(R"({"object":"list","data":[
      {"object":"embedding","index":0,"embedding":[2.0,3.0,97.0]},
      {"object":"embedding","index":1,"embedding":[2.0,1.0,100.0]}],
      "model":"fake","usage":{"prompt_tokens":4,"total_tokens":4,"prompt_tokens_details":{"cached_tokens":0}}})"));
}

TEST_F(OpenAiEmbeddingsTest, WritesLittleEndianFloatsInBase64) {
  StartReady();
  const Json json = Post("/v1/embeddings", {{"input", "a"}, {"encoding_format", "base64"}}).json();
  // 0.0, 1.0 and 97.0: 00000000 0000803f 0000c242.
  EXPECT_EQ(json["data"][0]["embedding"], "AAAAAAAAgD8AAMJC");
}

TEST_F(OpenAiEmbeddingsTest, TakesTokenIds) {
  StartReady();
  EXPECT_EQ(Post("/v1/embeddings", {{"input", {7, 8}}}).json()["data"][0]["embedding"],
            Json({0.0, 2.0, 7.0}));
  const Json json = Post("/v1/embeddings", ParseJson(R"({"input": [[7, 8], [9]], "dimensions": 3})")).json();
  EXPECT_EQ(json["data"][1]["embedding"], Json({0.0, 1.0, 9.0}));
  EXPECT_EQ(json["usage"]["prompt_tokens"], 3);
}

TEST_F(OpenAiEmbeddingsTest, NamesWhatIsWrong) {
  StartReady();
  const auto expect_refused = [&](const char* body, const char* param, const char* message) {
    const auto reply = Post("/v1/embeddings", ParseJson(body));
    EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 400 ")) << reply.head;
    const Json error = reply.json()["error"];
    EXPECT_EQ(error["type"], "invalid_request_error");
    EXPECT_EQ(error["param"], param);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, message, error["message"].get<std::string>());
  };
  expect_refused("{}", "input", "input is missing, wanted a string");
  expect_refused(R"({"input": []})", "input", "input is [], wanted a string");
  expect_refused(R"({"input": ["a", 1]})", "input", "wanted a string");
  expect_refused(R"({"input": ["a", ""]})", "input[1]", "input[1] has no tokens, wanted at least one");
  expect_refused(R"({"input": [[1], [999]]})", "input[1]",
                 "input[1] is 999, wanted less than the vocabulary's");
  expect_refused(R"({"input": "a", "encoding_format": "int8"})", "encoding_format", "wanted \"float\" or");
  expect_refused(R"({"input": "a", "pooling": "cls"})", "pooling", "is \"cls\", wanted \"last\" or \"mean\"");
  expect_refused(R"({"input": "a", "dimensions": 2})", "dimensions",
                 "dimensions is 2, wanted 3, which the model's vectors have, or none");
}

TEST_F(OpenAiEmbeddingsTest, FreesItsWorkerWhenTheClientHangsUp) {
  StartReady();
  {
    Stream stream = Connect();
    Send(stream, "POST", "/v1/embeddings", R"({"input": "hang"})");
    while (front_->pool().Links().front()->active == 0) std::this_thread::yield();
  }
  while (front_->pool().Links().front()->active > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace bitnet
