// Bodies of requests to OpenAI's surface, as v1::GenerateRequest.
#include <gtest/gtest.h>

#include <string>

#include "service/openai/chat_request.h"
#include "service/openai/completion_request.h"
#include "service/openai/error.h"
#include "service/openai/tool_choice.h"

namespace bitnet::openai {
namespace {

constexpr char kTools[] = R"([
  {"type": "function", "function": {"name": "rain", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
  {"type": "function", "function": {"name": "stop"}}])";

Json With(Json body, const char* name, Json value) {
  body[name] = std::move(value);
  return body;
}

Json Chat() { return ParseJson(R"({"messages": [{"role": "user", "content": "hi"}]})"); }
Json ChatWith(const char* name, Json value) { return With(Chat(), name, std::move(value)); }
Json Text(const char* name, Json value) { return With({{"prompt", "hi"}}, name, std::move(value)); }

template <typename T>
std::string MessageOf(const absl::StatusOr<T>& result) {
  return std::string(result.status().message());
}

TEST(OpenAiRequestTest, ReadsSamplingAndLimits) {
  const auto request = ReadChatRequest(ParseJson(R"({
      "model": "m", "messages": [{"role": "developer", "content": "be brief"},
      {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
      "temperature": 0.5, "top_p": 0.9, "top_k": 7, "min_p": 0.1, "presence_penalty": 1, "frequency_penalty": -1,
      "seed": -1, "max_completion_tokens": 5, "stop": ["x", "y"], "n": 3, "stream": true,
      "stream_options": {"include_usage": true}, "logprobs": true, "top_logprobs": 2, "priority": "background",
      "user": "ignored", "store": true})"));
  ASSERT_TRUE(request.ok()) << request.status();
  const v1::GenerateRequest& generate = request->prompts.at(0);
  EXPECT_EQ(generate.model(), "m");
  EXPECT_EQ(generate.messages().messages(0).role(), v1::ROLE_SYSTEM);
  EXPECT_EQ(generate.messages().messages(1).content(), "ab");
  EXPECT_EQ(generate.sampling().temperature(), 0.5f);
  EXPECT_EQ(generate.sampling().top_p(), 0.9f);
  EXPECT_EQ(generate.sampling().top_k(), 7u);
  EXPECT_EQ(generate.sampling().min_p(), 0.1f);
  EXPECT_EQ(generate.sampling().presence_penalty(), 1);
  EXPECT_EQ(generate.sampling().frequency_penalty(), -1);
  EXPECT_EQ(generate.sampling().seed(), ~uint64_t{0});
  EXPECT_EQ(generate.max_tokens(), 5u);
  EXPECT_EQ(generate.stop_size(), 2);
  EXPECT_EQ(generate.logprobs(), 2u);
  EXPECT_EQ(generate.priority(), v1::PRIORITY_BACKGROUND);
  EXPECT_EQ(request->n, 3);
  EXPECT_TRUE(request->stream);
  EXPECT_TRUE(request->include_usage);
}

TEST(OpenAiRequestTest, HasOpenAisTemperatureWhereNoneIsGiven) {
  EXPECT_EQ(ReadChatRequest(Chat())->prompts[0].sampling().temperature(), 1);
  EXPECT_EQ(ReadChatRequest(ChatWith("temperature", nullptr))->prompts[0].sampling().temperature(), 1);
}

TEST(OpenAiRequestTest, ReadsPromptsOfAllForms) {
  EXPECT_EQ(ReadCompletionRequest({{"prompt", "a"}})->prompts.at(0).text(), "a");
  EXPECT_EQ(ReadCompletionRequest({{"prompt", {"a", "b"}}})->prompts.at(1).text(), "b");
  EXPECT_EQ(ReadCompletionRequest(ParseJson(R"({"prompt": [1, 2]})"))->prompts.at(0).token_ids().ids_size(),
            2);
  const auto lists = ReadCompletionRequest(ParseJson(R"({"prompt": [[1, 2], [3]]})"));
  EXPECT_EQ(lists->prompts.at(1).token_ids().ids(0), 3u);
}

TEST(OpenAiRequestTest, ReadsTheFormOfTheAnswer) {
  EXPECT_TRUE(
      ReadChatRequest(ChatWith("response_format", {{"type", "json_object"}}))->prompts[0].json_object());
  const auto schema = ReadChatRequest(ChatWith(
      "response_format",
      ParseJson(R"({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "integer"}}})")));
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->prompts[0].json_schema(), R"({"type":"integer"})");
  EXPECT_EQ(ReadChatRequest(ChatWith("regex", "a+"))->prompts[0].regex(), "a+");
}

TEST(OpenAiRequestTest, NamesWhatIsWrong) {
  EXPECT_EQ(MessageOf(ReadChatRequest(Json::object())),
            "messages is missing, wanted an array of at least one message");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("temperature", "hot"))),
            "temperature is \"hot\", wanted a number");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("max_tokens", 0))),
            "max_tokens is 0, wanted a whole number in [1, 2147483647]");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("seed", 1e30))),
            "seed is 1e+30, wanted a whole number in [-9223372036854775808, 9223372036854775807]");
  EXPECT_EQ(
      MessageOf(ReadChatRequest(ChatWith("messages", {{{"role", "boss"}}}))),
      "messages[0].role is \"boss\", wanted \"system\", \"developer\", \"user\", \"assistant\" or \"tool\"");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("messages", {5}))),
            "messages[0] is not an object, wanted a message");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("stream_options", Json::object()))),
            "stream_options is {}, wanted only together with \"stream\": true");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("logit_bias", {{"1", 5}}))),
            "logit_bias is {\"1\":5}, wanted none: this server does not have it");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("top_logprobs", 1))),
            "top_logprobs is 1, wanted only together with \"logprobs\": true");
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("stop", {1}))),
            "stop is [1], wanted a string or an array of strings");
  EXPECT_EQ(MessageOf(ReadCompletionRequest(Text("prompt", {1, "a"}))),
            "prompt is [1,\"a\"], wanted a string, an array of strings, token ids, or an array of arrays of "
            "token ids");
  EXPECT_EQ(MessageOf(ReadCompletionRequest(Text("suffix", "end"))),
            "suffix is \"end\", wanted none: this server only continues");
  EXPECT_EQ(MessageOf(ReadCompletionRequest(Text("best_of", 2))),
            "best_of is 2, wanted n, 1: this server returns all that it generates");
  EXPECT_EQ(MessageOf(ReadCompletionRequest(With(Text("n", 100), "prompt", {"a", "b"}))),
            "prompt asks with n for 200 answers, wanted at most 128");
}

TEST(OpenAiRequestTest, ShowsWhatIsLongInPart) {
  const std::string message = MessageOf(ReadChatRequest(ChatWith("temperature", std::string(1000, 'x'))));
  EXPECT_LT(message.size(), 120u) << message;
}

TEST(OpenAiRequestTest, RefusesImages) {
  const auto request = ReadChatRequest(
      ParseJson(R"({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]})"));
  EXPECT_NE(MessageOf(request).find("wanted parts of type \"text\" alone"), std::string::npos)
      << request.status();
}

TEST(OpenAiRequestTest, GivesToolsToTheTemplate) {
  const auto request = ReadChatRequest(ChatWith("tools", ParseJson(kTools)));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE(request->tools);
  EXPECT_FALSE(request->forced_call);
  EXPECT_EQ(ParseJson(request->prompts[0].messages().tools()), ParseJson(kTools));
  const auto none = ReadChatRequest(With(ChatWith("tools", ParseJson(kTools)), "tool_choice", "none"));
  EXPECT_FALSE(none->tools);
  EXPECT_EQ(none->prompts[0].messages().tools(), "");
}

TEST(OpenAiRequestTest, ForcesACall) {
  const auto any = ReadChatRequest(With(ChatWith("tools", ParseJson(kTools)), "tool_choice", "required"));
  ASSERT_TRUE(any.ok()) << any.status();
  EXPECT_TRUE(any->forced_call);
  EXPECT_EQ(ParseJson(any->prompts[0].json_schema())["anyOf"].size(), 2u);
  const Json named = ParseJson(R"({"type": "function", "function": {"name": "rain"}})");
  const auto one = ReadChatRequest(With(ChatWith("tools", ParseJson(kTools)), "tool_choice", named));
  ASSERT_TRUE(one.ok()) << one.status();
  const Json schema = ParseJson(one->prompts[0].json_schema());
  EXPECT_EQ(schema["properties"]["name"]["const"], "rain");
  EXPECT_EQ(schema["properties"]["arguments"]["properties"]["city"]["type"], "string");
  EXPECT_EQ(schema["required"], Json({"name", "arguments"}));
}

TEST(OpenAiRequestTest, NamesWhatIsWrongWithTools) {
  EXPECT_EQ(MessageOf(ReadChatRequest(ChatWith("tool_choice", "required"))),
            "tool_choice is \"required\", wanted \"none\" or \"auto\" where there are no tools");
  EXPECT_NE(MessageOf(ReadChatRequest(ChatWith("tools", {{{"type", "retrieval"}}}))).find("tools is"),
            std::string::npos);
  const Json other = ParseJson(R"({"type": "function", "function": {"name": "snow"}})");
  EXPECT_NE(MessageOf(ReadChatRequest(With(ChatWith("tools", ParseJson(kTools)), "tool_choice", other)))
                .find("wanted the name of one of the tools"),
            std::string::npos);
}

TEST(OpenAiRequestTest, MovesDefinitionsToTheRootOfACallsSchema) {
  Json tools = ParseJson(R"([{"type": "function", "function": {"name": "f", "parameters":
      {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "integer"}}}}}])");
  const absl::StatusOr<Json> schema = CallSchema(tools);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)["$defs"]["A"]["type"], "integer");
  EXPECT_FALSE((*schema)["properties"]["arguments"].contains("$defs"));
  tools.push_back(tools[0]);
  EXPECT_FALSE(CallSchema(tools).ok());
}

TEST(OpenAiRequestTest, TakesNoJsonThatIsTooDeep) {
  EXPECT_TRUE(ParseJson(std::string(100, '[') + std::string(100, ']')).is_array());
  EXPECT_TRUE(ParseJson(std::string(1 << 20, '[') + std::string(1 << 20, ']')).is_discarded());
  EXPECT_TRUE(ParseJson("\"" + std::string(1000, '[') + "\\\"[\"").is_string());
}

TEST(OpenAiErrorTest, GivesFieldsTheNamesThatTheyHaveHere) {
  const Json error = ErrorJson(InvalidField("sampling.top_p", "is 2, wanted a number in (0, 1]"))["error"];
  EXPECT_EQ(error["message"], "top_p is 2, wanted a number in (0, 1]");
  EXPECT_EQ(error["param"], "top_p");
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(ErrorJson(InvalidField("token_ids.ids[3]", "is 9, wanted less"))["error"]["param"], "prompt");
}

}  // namespace
}  // namespace bitnet::openai
