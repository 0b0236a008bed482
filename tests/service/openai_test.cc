// OpenAI's surface of a real front, byte by byte, with scripted workers.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/service/openai_fixture.h"

namespace bitnet {
namespace {

TEST_F(OpenAiTest, AnswersAsAWhole) {
  StartReady();
  const Reply reply = Chat("say:Hel|lo");
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\n")) << reply.head;
  EXPECT_NE(reply.head.find("X-Request-Id: "), std::string::npos) << reply.head;
  const Json json = reply.json();
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["model"], "fake");
  EXPECT_EQ(json["choices"][0]["message"]["content"], "Hello");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 10);
  EXPECT_EQ(json["usage"]["completion_tokens"], 2);
  EXPECT_EQ(json["usage"]["total_tokens"], 12);
  EXPECT_EQ(Complete("say:a|b").json()["choices"][0]["text"], "ab");
}

TEST_F(OpenAiTest, StreamsEvents) {
  StartReady();
  const Reply reply = Chat("say:Hel|lo", {{"stream", true}, {"stream_options", {{"include_usage", true}}}});
  EXPECT_NE(reply.head.find("Content-Type: text/event-stream"), std::string::npos) << reply.head;
  const std::vector<Json> events = Events(reply);
  ASSERT_GE(events.size(), 5u) << reply.body;
  EXPECT_EQ(events[0]["choices"][0]["delta"]["role"], "assistant");
  std::string text;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    EXPECT_EQ(events[i]["id"], events[0]["id"]);
    EXPECT_EQ(events[i]["object"], "chat.completion.chunk");
    if (!events[i]["choices"].empty()) text += events[i]["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(text, "Hello");
  EXPECT_EQ(events[events.size() - 3]["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(events[events.size() - 2]["usage"]["completion_tokens"], 2);
  EXPECT_TRUE(events[events.size() - 2]["choices"].empty());
  EXPECT_EQ(events.back(), "[DONE]");
}

TEST_F(OpenAiTest, GivesSeveralAnswers) {
  StartReady();
  const Json json =
      Post("/v1/completions", {{"prompt", {"say:a", "say:b"}}, {"n", 2}, {"echo", true}}).json();
  ASSERT_EQ(json["choices"].size(), 4u) << json;
  EXPECT_EQ(json["choices"][1]["text"], "say:aa");
  EXPECT_EQ(json["choices"][3]["text"], "say:bb");
  EXPECT_EQ(json["choices"][3]["index"], 3);
  EXPECT_EQ(json["usage"]["prompt_tokens"], 10);  // Each prompt once.
  EXPECT_EQ(json["usage"]["completion_tokens"], 4);
}

TEST_F(OpenAiTest, FindsCallsOfTools) {
  StartReady();
  const Json tools = ParseJson(R"([{"type": "function", "function": {"name": "f"}}])");
  const Json whole =
      Chat("say:Well<tool_call>{\"name\": \"f\", |\"arguments\": {\"a\": 1}}</tool_call>", {{"tools", tools}})
          .json();
  const Json& choice = whole["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls") << whole;
  EXPECT_EQ(choice["message"]["content"], "Well");
  EXPECT_EQ(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
  const std::vector<Json> events =
      Events(Chat("say:<tool_call>{\"name\": \"f\", |\"arguments\": {}}</tool_call>",
                  {{"tools", tools}, {"stream", true}}));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"], "f");
  EXPECT_EQ(events[1]["choices"][0]["delta"]["tool_calls"][0]["index"], 0);
  EXPECT_EQ(events[2]["choices"][0]["finish_reason"], "tool_calls");
}

TEST_F(OpenAiTest, TellsErrorsBeforeTheFirstEventByStatus) {
  StartReady();
  const Reply invalid = Complete("say:a", {{"top_p", 2}, {"stream", true}});
  EXPECT_TRUE(invalid.head.starts_with("HTTP/1.1 400 ")) << invalid.head;
  EXPECT_EQ(invalid.json()["error"]["param"], "top_p");
  EXPECT_EQ(invalid.json()["error"]["message"], "top_p is 2, wanted a number in (0, 1]");
  const Reply unknown = Complete("say:a", {{"model", "gpt"}});
  EXPECT_TRUE(unknown.head.starts_with("HTTP/1.1 404 ")) << unknown.head;
  EXPECT_EQ(unknown.json()["error"]["code"], "MODEL_NOT_SERVED");
  const Reply exhausted = Complete("fail:8:too many");
  EXPECT_TRUE(exhausted.head.starts_with("HTTP/1.1 429 ")) << exhausted.head;
  EXPECT_NE(exhausted.head.find("Retry-After: "), std::string::npos) << exhausted.head;
  EXPECT_TRUE(Complete("fail:3:bad", {{"stream", true}}).head.starts_with("HTTP/1.1 400 "));
}

TEST_F(OpenAiTest, TellsLaterErrorsByALastEvent) {
  StartReady();
  Stream stream = Connect();
  Send(stream, "POST", "/v1/completions",
       Json({{"prompt", "say:a;await-cancels:1;fail:3:bad luck"}, {"stream", true}}).dump());
  std::string line;
  while (std::getline(stream, line) && !line.starts_with("data: ")) {
  }
  EXPECT_EQ(ParseJson(line.substr(6))["choices"][0]["text"], "a");
  grpc::ClientContext context;
  Reader other = stub_->Generate(&context, Prompt("say:a;hang"));
  v1::GenerateResponse event;
  ASSERT_TRUE(other->Read(&event));
  context.TryCancel();
  while (std::getline(stream, line) && !line.starts_with("data: ")) {
  }
  EXPECT_EQ(ParseJson(line.substr(6))["error"]["message"], "bad luck") << line;
}

TEST_F(OpenAiTest, GoesOnWhenAWorkerIsLost) {
  options_.num_workers = 2;
  StartFront();
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  EXPECT_EQ(Complete("say:a|b;on:1:die;say:c|d").json()["choices"][0]["text"], "abcd");
}

TEST_F(OpenAiTest, FreesTheWorkerOfAClientThatHangsUp) {
  StartReady();
  for (const bool streaming : {true, false}) {
    Stream stream = Connect();
    Send(stream, "POST", "/v1/completions", Json({{"prompt", "say:a;hang"}, {"stream", streaming}}).dump());
    if (streaming) {
      std::string line;
      while (std::getline(stream, line) && !line.starts_with("data: ")) {
      }
    } else {
      while (front_->Metrics().find("bitnet_generated_tokens_total{model=\"fake\"} 3") == std::string::npos) {
        std::this_thread::yield();
      }
    }
    stream.close();
    EXPECT_EQ(Generate(streaming ? "await-cancels:1;say:x" : "await-cancels:2;say:x").text(), "x");
  }
}

TEST_F(OpenAiTest, CommentsInASilence) {
  options_.call_times.heartbeat = absl::Milliseconds(20);
  StartReady();
  Stream stream = Connect();
  Send(stream, "POST", "/v1/completions", Json({{"prompt", "hang"}, {"stream", true}}).dump());
  std::string line;
  while (std::getline(stream, line) && !line.starts_with(": waiting for ")) {
  }
  EXPECT_TRUE(line.starts_with(": waiting for ")) << line;
}

TEST_F(OpenAiTest, GivesTheTokensOfATextAndBack) {
  StartReady();
  const Json tokens = Post("/tokenize", {{"text", "ab"}}).json();
  EXPECT_EQ(tokens["tokens"], Json({97, 98}));
  EXPECT_EQ(tokens["count"], 2);
  EXPECT_EQ(Post("/detokenize", {{"tokens", {97, 98}}}).json()["text"], "ab");
  EXPECT_EQ(Post("/detokenize", {{"tokens", {1000}}}).json()["error"]["message"],
            "tokens[0] is 1000, wanted less than the vocabulary's size, 256");
  EXPECT_EQ(Post("/tokenize", {{"text", 5}}).json()["error"]["param"], "text");
}

TEST_F(OpenAiTest, ListsModels) {
  Start({{.name = "fake", .path = "good", .aliases = {"default"}}});
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong));
  const auto get = [&](const std::string& path) {
    Stream stream = Connect();
    Send(stream, "GET", path, "", "");
    return Read(stream);
  };
  const Json list = get("/v1/models").json();
  ASSERT_EQ(list["data"].size(), 2u) << list;
  EXPECT_EQ(list["data"][0]["id"], "fake");
  EXPECT_EQ(list["data"][1]["id"], "default");
  EXPECT_EQ(list["data"][1]["root"], "fake");
  EXPECT_EQ(get("/v1/models/default").json()["object"], "model");
  EXPECT_TRUE(get("/v1/models/nobody").head.starts_with("HTTP/1.1 404 "));
}

TEST_F(OpenAiTest, RefusesWhatIsNoRequest) {
  StartReady();
  const auto status = [&](const std::string& method, const std::string& path, const std::string& body,
                          const std::string& headers) {
    Stream stream = Connect();
    Send(stream, method, path, body, headers);
    const Reply reply = Read(stream);
    EXPECT_TRUE(reply.json().contains("error")) << reply.body;
    return reply.head.substr(9, 3);
  };
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(status("GET", "/v1/completions", "", json), "405");
  EXPECT_EQ(status("POST", "/v1/nothing", "{}", json), "404");
  EXPECT_EQ(status("POST", "/v1/completions", "{}", "Content-Type: text/plain\r\n"), "415");
  EXPECT_EQ(status("POST", "/v1/completions", "{", json), "400");
  EXPECT_EQ(status("POST", "/v1/completions", "[]", json), "400");
  EXPECT_EQ(status("POST", "/v1/completions", std::string(5 << 20, 'x'), json), "413");
}

TEST_F(OpenAiTest, LetsPagesOfOtherOriginsCallOnlyWhereToldTo) {
  const auto preflight = [&] {
    Stream stream = Connect();
    Send(stream, "OPTIONS", "/v1/completions", "", "Origin: https://example.org\r\n");
    return Read(stream).head;
  };
  options_.cors_origins = {"https://example.org"};
  StartReady();
  EXPECT_NE(preflight().find("Access-Control-Allow-Origin: https://example.org\r\n"), std::string::npos);
  Stream stream = Connect();
  Send(stream, "OPTIONS", "/v1/completions", "", "Origin: https://example.com\r\n");
  const Reply other = Read(stream);
  EXPECT_TRUE(other.head.starts_with("HTTP/1.1 405 ")) << other.head;
  EXPECT_EQ(other.head.find("Access-Control"), std::string::npos) << other.head;
}

TEST_F(OpenAiTest, KeepsAConnectionForSeveralRequests) {
  StartReady();
  Stream stream = Connect();
  const std::string body = Json({{"prompt", "say:a"}, {"stream", true}}).dump();
  for (int i = 0; i < 2; ++i) {
    stream << "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
           << body.size() << (i == 1 ? "\r\nConnection: close" : "") << "\r\n\r\n"
           << body << std::flush;
  }
  std::ostringstream all;
  all << stream.rdbuf();
  const std::string text = all.str();
  const size_t first = text.find("[DONE]");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_NE(text.find("[DONE]", first + 1), std::string::npos) << text;
}

}  // namespace
}  // namespace bitnet
