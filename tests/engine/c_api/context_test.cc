// The two simple calls.
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/c_api/library_fixture.h"

namespace bitnet {
namespace {

struct FreeContext {
  void operator()(bitnet_context* context) const { bitnet_free_context(context); }
};
using ContextHandle = std::unique_ptr<bitnet_context, FreeContext>;

// The random model answers with random bytes: U+FFFD, three bytes long, is in every answer.
class LibraryContextTest : public LibraryTest {
 protected:
  ContextHandle NewContext(uint32_t flags = 0) const {
    ContextHandle context(bitnet_new_context(ModelPath().c_str(), 1, flags));
    EXPECT_NE(context, nullptr) << bitnet_last_error();
    return context;
  }
  // Whatever `n` is, what lies behind it is untouched.
  static std::string Eval(bitnet_context* context, size_t n) {
    std::vector<char> out(n + 8, '#');
    const int length = bitnet_eval(context, "Hello", out.data(), n);
    EXPECT_GE(length, 0) << bitnet_last_error();
    EXPECT_STREQ(bitnet_last_error(), "");
    EXPECT_EQ(std::string(out.data() + n, 8), "########") << n;
    if (n == 0) {
      EXPECT_EQ(length, 0);
      return "";
    }
    EXPECT_EQ(out[length], '\0');
    return {out.data(), static_cast<size_t>(length)};
  }
};

size_t CharacterBytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

TEST_F(LibraryContextTest, FillsBuffersOfAnySizeWithWholeCharacters) {
  const ContextHandle context = NewContext(BITNET_RAW_PROMPTS);
  const std::string full = Eval(context.get(), 100000);
  ASSERT_GT(full.size(), 100u);
  ASSERT_NE(full.find("\xEF\xBF\xBD"), std::string::npos);
  std::vector<size_t> sizes = {full.size() - 1, full.size(), full.size() + 1, full.size() + 2};
  for (size_t n = 0; n < 60; ++n) {
    sizes.push_back(n);
  }
  for (const size_t n : sizes) {
    const std::string text = Eval(context.get(), n);
    EXPECT_EQ(text, full.substr(0, text.size())) << n;
    if (text.size() < full.size() && n > 0) {
      EXPECT_GT(text.size() + CharacterBytes(full[text.size()]), n - 1)
          << n << ": one more would have fitted";
      EXPECT_NE(full[text.size()] & 0xC0, 0x80) << n << ": cut inside a character";
    }
  }
}

TEST_F(LibraryContextTest, TakesThePromptAsOneMessageOrAsItIs) {
  const std::string chat = Eval(NewContext().get(), 100);
  const std::string raw = Eval(NewContext(BITNET_RAW_PROMPTS | BITNET_NO_MMAP).get(), 100);
  EXPECT_NE(chat, raw);
  EXPECT_EQ(Eval(NewContext(BITNET_RAW_PROMPTS).get(), 100), raw);
}

TEST_F(LibraryContextTest, AnswersSeveralThreads) {
  const ContextHandle context = NewContext();
  const std::string alone = Eval(context.get(), 200);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(Eval(context.get(), 200), alone); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(LibraryContextTest, SaysWhyItFailed) {
  EXPECT_EQ(bitnet_new_context("/nowhere.gguf", 1, 0), nullptr);
  EXPECT_NE(std::strstr(bitnet_last_error(), "/nowhere.gguf"), nullptr);
  EXPECT_EQ(bitnet_new_context(nullptr, 1, 0), nullptr);
  EXPECT_STREQ(bitnet_last_error(), "path is NULL");
  EXPECT_EQ(bitnet_new_context(ModelPath().c_str(), 1, 1u << 9), nullptr);
  EXPECT_NE(std::strstr(bitnet_last_error(), "0x200"), nullptr);
  EXPECT_EQ(bitnet_new_context(ModelPath().c_str(), -7, 0), nullptr);
  EXPECT_NE(std::strstr(bitnet_last_error(), "num_threads is -7"), nullptr);

  const ContextHandle context = NewContext();
  EXPECT_STREQ(bitnet_last_error(), "");
  char out[8] = "old";
  EXPECT_EQ(bitnet_eval(nullptr, "a", out, sizeof(out)), -BITNET_INVALID_ARGUMENT);
  EXPECT_STREQ(out, "");
  EXPECT_STREQ(bitnet_last_error(), "context is NULL");
  EXPECT_EQ(bitnet_eval(context.get(), nullptr, out, sizeof(out)), -BITNET_INVALID_ARGUMENT);
  EXPECT_STREQ(bitnet_last_error(), "prompt is NULL");
  EXPECT_EQ(bitnet_eval(context.get(), "a", nullptr, 5), -BITNET_INVALID_ARGUMENT);
  EXPECT_STREQ(bitnet_last_error(), "out is NULL");
  EXPECT_EQ(bitnet_eval(context.get(), "a", nullptr, 0), 0);
  EXPECT_STREQ(bitnet_last_error(), "");
  const std::string too_long(1000, 'x');
  EXPECT_EQ(bitnet_eval(context.get(), too_long.c_str(), out, sizeof(out)), -BITNET_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(bitnet_last_error(), "the context holds 256"), nullptr);
  std::thread([] { EXPECT_STREQ(bitnet_last_error(), "") << "each thread has its own"; }).join();
  bitnet_free_context(nullptr);
}

}  // namespace
}  // namespace bitnet
