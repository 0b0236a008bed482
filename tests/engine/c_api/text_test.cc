// Tokens, conversations and embeddings through the C interface.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/engine/c_api/library_fixture.h"

namespace bitnet {
namespace {

class LibraryTextTest : public LibraryTest {
 protected:
  std::vector<int32_t> Tokenize(const std::string& text, uint32_t flags) const {
    std::vector<int32_t> tokens(1000);
    size_t length = 0;
    EXPECT_EQ(bitnet_tokenize(engine_.get(), text.data(), text.size(), flags, tokens.data(), tokens.size(),
                              &length, nullptr),
              BITNET_OK);
    tokens.resize(length);
    return tokens;
  }
  std::string Detokenize(const std::vector<int32_t>& tokens) const {
    std::vector<char> text(1000);
    size_t length = 0;
    EXPECT_EQ(bitnet_detokenize(engine_.get(), tokens.data(), tokens.size(), text.data(), text.size(),
                                &length, nullptr),
              BITNET_OK);
    return {text.data(), length};
  }
  static bitnet_chat_message Message(const char* role, const char* content) {
    bitnet_chat_message message = Initialized(bitnet_chat_message_init);
    message.role = role;
    message.content = content;
    return message;
  }
  std::string Render(const std::vector<bitnet_chat_message>& messages,
                     const bitnet_chat_options* options) const {
    std::vector<char> text(1000);
    bitnet_error error;
    EXPECT_EQ(bitnet_chat_render(engine_.get(), messages.data(), messages.size(), options, text.data(),
                                 text.size(), nullptr, &error),
              BITNET_OK)
        << error.message;
    return text.data();
  }

  const EngineHandle engine_ = NewEngine();
  bitnet_error error_;
};

TEST_F(LibraryTextTest, GivesBackTheTextOfItsTokens) {
  const std::string text = "Grüße, \xF0\x9F\x98\x80";
  const std::vector<int32_t> tokens = Tokenize(text, 0);
  EXPECT_GT(tokens.size(), 3u);
  EXPECT_EQ(Detokenize(tokens), text);
  EXPECT_TRUE(Tokenize("", 0).empty());
  EXPECT_EQ(Detokenize({}), "");
}

TEST_F(LibraryTextTest, AddsTheBeginningAndReadsMarkersOnRequest) {
  const std::vector<int32_t> plain = Tokenize("ab<|eot_id|>", 0);
  const std::vector<int32_t> parsed = Tokenize("ab<|eot_id|>", BITNET_PARSE_SPECIAL | BITNET_ADD_BOS);
  EXPECT_GT(plain.size(), 8u);
  EXPECT_EQ(parsed.front(), shape_.begin_id());
  EXPECT_EQ(parsed.back(), shape_.end_of_turn_id());
  EXPECT_EQ(parsed.size(), 4u);
}

TEST_F(LibraryTextTest, MakesValidTextOfAnyTokens) {
  EXPECT_EQ(Detokenize(Tokenize("\xFF", 0)), "\xEF\xBF\xBD");
}

TEST_F(LibraryTextTest, AsksForTheLengthAndSaysWhichIsNeeded) {
  const std::vector<int32_t> tokens = Tokenize("hello", 0);
  size_t length = 99;
  EXPECT_EQ(bitnet_tokenize(engine_.get(), "hello", 5, 0, nullptr, 0, &length, nullptr), BITNET_OK);
  EXPECT_EQ(length, tokens.size());
  int32_t few[2] = {-7, -7};
  EXPECT_TRUE(Fails(bitnet_tokenize(engine_.get(), "hello", 5, 0, few, 2, &length, &error_), error_,
                    BITNET_OUT_OF_RANGE, "holds 2; 5 are needed"));
  EXPECT_EQ(length, 5u);
  EXPECT_EQ(few[0], -7);

  EXPECT_EQ(bitnet_detokenize(engine_.get(), tokens.data(), 5, nullptr, 0, &length, nullptr), BITNET_OK);
  EXPECT_EQ(length, 5u);
  char text[6] = "-----";
  EXPECT_TRUE(Fails(bitnet_detokenize(engine_.get(), tokens.data(), 5, text, 5, &length, &error_), error_,
                    BITNET_OUT_OF_RANGE, "holds 5; 6 are needed"));
  EXPECT_STREQ(text, "-----");
  EXPECT_EQ(bitnet_detokenize(engine_.get(), tokens.data(), 5, text, 6, nullptr, nullptr), BITNET_OK);
  EXPECT_STREQ(text, "hello");
}

TEST_F(LibraryTextTest, RefusesWhatIsNoTextAndNoToken) {
  const int32_t beyond[] = {1, 512};
  const int32_t negative[] = {-1};
  size_t length = 0;
  EXPECT_TRUE(Fails(bitnet_detokenize(engine_.get(), beyond, 2, nullptr, 0, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "tokens[1] is 512"));
  EXPECT_TRUE(Fails(bitnet_detokenize(engine_.get(), negative, 1, nullptr, 0, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "tokens[0] is -1"));
  EXPECT_TRUE(Fails(bitnet_detokenize(engine_.get(), nullptr, 1, nullptr, 0, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "tokens is NULL"));
  EXPECT_TRUE(Fails(bitnet_tokenize(engine_.get(), nullptr, 1, 0, nullptr, 0, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "text is NULL"));
  EXPECT_TRUE(Fails(bitnet_tokenize(engine_.get(), "a", 1, 4, nullptr, 0, &length, &error_), error_,
                    BITNET_UNIMPLEMENTED, "0x4"));
  EXPECT_TRUE(Fails(bitnet_tokenize(engine_.get(), "a", 1, 0, nullptr, 3, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "buffer is NULL"));
  EXPECT_TRUE(Fails(bitnet_tokenize(nullptr, "a", 1, 0, nullptr, 0, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "engine is NULL"));
  EXPECT_TRUE(Fails(bitnet_detokenize(nullptr, beyond, 1, nullptr, 0, &length, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "engine is NULL"));
}

TEST_F(LibraryTextTest, WritesConversationsAsTheModelWantsThem) {
  const std::vector<bitnet_chat_message> messages = {Message("system", "Be brief."), Message("user", "Hi")};
  const std::string text = Render(messages, nullptr);
  EXPECT_NE(text.find("System: Be brief."), std::string::npos) << text;
  EXPECT_NE(text.find("User: Hi"), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 11), "Assistant: ") << text;
  bitnet_chat_options options = Initialized(bitnet_chat_options_init);
  options.flags = BITNET_NO_GENERATION_PROMPT;
  EXPECT_EQ(Render(messages, &options) + "Assistant: ", text);

  std::vector<int32_t> tokens(200);
  size_t length = 0;
  ASSERT_EQ(bitnet_chat_tokenize(engine_.get(), messages.data(), 2, nullptr, tokens.data(), tokens.size(),
                                 &length, nullptr),
            BITNET_OK);
  tokens.resize(length);
  EXPECT_EQ(tokens, Tokenize(text, BITNET_PARSE_SPECIAL | BITNET_ADD_BOS));
}

TEST_F(LibraryTextTest, RecognisesNoMarkersInWhatUsersSay) {
  const bitnet_chat_message message = Message("user", "<|eot_id|>");
  std::vector<int32_t> tokens(200);
  size_t length = 0;
  ASSERT_EQ(bitnet_chat_tokenize(engine_.get(), &message, 1, nullptr, tokens.data(), tokens.size(), &length,
                                 nullptr),
            BITNET_OK);
  tokens.resize(length);
  EXPECT_EQ(std::ranges::count(tokens, shape_.end_of_turn_id()), 1) << "that of the template";
}

TEST_F(LibraryTextTest, GoesThroughMessagesByTheSizeThatTheProgramKnows) {
  struct NewerMessage {
    bitnet_chat_message known;
    const char* unknown;
  };
  NewerMessage newer[2] = {{Message("user", "one"), nullptr}, {Message("assistant", "two"), nullptr}};
  newer[0].known.struct_size = newer[1].known.struct_size = sizeof(NewerMessage);
  std::vector<char> text(1000);
  ASSERT_EQ(bitnet_chat_render(engine_.get(), &newer[0].known, 2, nullptr, text.data(), text.size(), nullptr,
                               nullptr),
            BITNET_OK);
  EXPECT_EQ(std::string(text.data()), Render({Message("user", "one"), Message("assistant", "two")}, nullptr));
  newer[1].unknown = "something";
  EXPECT_TRUE(Fails(bitnet_chat_render(engine_.get(), &newer[0].known, 2, nullptr, text.data(), text.size(),
                                       nullptr, &error_),
                    error_, BITNET_UNIMPLEMENTED, "messages[1]: bitnet_chat_message"));
}

TEST_F(LibraryTextTest, NamesTheMessageThatIsWrong) {
  bitnet_chat_message messages[] = {Message("user", "a"), Message("robot", "b")};
  const auto fails = [&](size_t n, bitnet_code code, const char* part) {
    return Fails(bitnet_chat_render(engine_.get(), messages, n, nullptr, nullptr, 0, nullptr, &error_),
                 error_, code, part);
  };
  EXPECT_TRUE(fails(2, BITNET_INVALID_ARGUMENT, "messages[1]: role is \"robot\""));
  messages[1].role = nullptr;
  EXPECT_TRUE(fails(2, BITNET_INVALID_ARGUMENT, "messages[1]: role is NULL"));
  EXPECT_TRUE(fails(0, BITNET_INVALID_ARGUMENT, "message"));
  messages[0].struct_size = 0;
  EXPECT_TRUE(fails(1, BITNET_INVALID_ARGUMENT, "bitnet_chat_message_init"));
  EXPECT_TRUE(Fails(bitnet_chat_render(engine_.get(), nullptr, 1, nullptr, nullptr, 0, nullptr, &error_),
                    error_, BITNET_INVALID_ARGUMENT, "messages is NULL"));
  EXPECT_TRUE(Fails(bitnet_chat_tokenize(nullptr, messages, 1, nullptr, nullptr, 0, nullptr, &error_), error_,
                    BITNET_INVALID_ARGUMENT, "engine is NULL"));
}

TEST_F(LibraryTextTest, HandsToolsAndVariablesToTheTemplate) {
  const bitnet_chat_message message = Message("user", "a");
  bitnet_chat_options options = Initialized(bitnet_chat_options_init);
  options.variables = "[1]";
  EXPECT_TRUE(Fails(bitnet_chat_render(engine_.get(), &message, 1, &options, nullptr, 0, nullptr, &error_),
                    error_, BITNET_INVALID_ARGUMENT, "variables"));
  options = Initialized(bitnet_chat_options_init);
  options.tools = R"([{"type": "function"}])";
  EXPECT_TRUE(Fails(bitnet_chat_render(engine_.get(), &message, 1, &options, nullptr, 0, nullptr, &error_),
                    error_, BITNET_INVALID_ARGUMENT, "tools"));
}

TEST_F(LibraryTextTest, EmbedsPrompts) {
  const std::vector<int32_t> prompt = Prompt(12);
  const auto embed = [&](bitnet_pooling pooling) {
    std::vector<float> embedding(256);
    size_t length = 0;
    EXPECT_EQ(bitnet_embed(engine_.get(), prompt.data(), prompt.size(), pooling, embedding.data(),
                           embedding.size(), &length, &error_),
              BITNET_OK)
        << error_.message;
    EXPECT_EQ(length, 256u);
    return embedding;
  };
  const std::vector<float> last = embed(BITNET_POOLING_LAST);
  EXPECT_EQ(embed(BITNET_POOLING_OF_MODEL), last);
  EXPECT_NE(embed(BITNET_POOLING_MEAN), last);
  double squares = 0;
  for (const float x : last) {
    squares += static_cast<double>(x) * x;
  }
  EXPECT_NEAR(squares, 1, 1e-5);  // 256 floats, each rounded by 2^-24 of itself at most.
}

TEST_F(LibraryTextTest, EmbedsNothingThatItCannot) {
  const std::vector<int32_t> prompt = Prompt(3);
  float small[4];
  size_t length = 0;
  EXPECT_EQ(bitnet_embed(engine_.get(), prompt.data(), 3, BITNET_POOLING_LAST, nullptr, 0, &length, nullptr),
            BITNET_OK);
  EXPECT_EQ(length, 256u);
  EXPECT_TRUE(
      Fails(bitnet_embed(engine_.get(), prompt.data(), 3, BITNET_POOLING_LAST, small, 4, &length, &error_),
            error_, BITNET_OUT_OF_RANGE, "holds 4; 256 are needed"));
  std::vector<float> embedding(256);
  EXPECT_TRUE(Fails(bitnet_embed(engine_.get(), prompt.data(), 0, BITNET_POOLING_LAST, embedding.data(), 256,
                                 &length, &error_),
                    error_, BITNET_INVALID_ARGUMENT, "prompt has no tokens"));
  EXPECT_TRUE(Fails(bitnet_embed(engine_.get(), prompt.data(), 3, static_cast<bitnet_pooling>(9),
                                 embedding.data(), 256, &length, &error_),
                    error_, BITNET_UNIMPLEMENTED, "pooling is 9"));
  EXPECT_TRUE(Fails(
      bitnet_embed(nullptr, prompt.data(), 3, BITNET_POOLING_LAST, embedding.data(), 256, &length, &error_),
      error_, BITNET_INVALID_ARGUMENT, "engine is NULL"));
}

}  // namespace
}  // namespace bitnet
