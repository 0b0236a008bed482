#include "service/rpc/answer_log.h"

#include <gtest/gtest.h>

#include <string>

#include "service/rpc/answer_reader.h"

namespace bitnet {
namespace {

v1::Token TokenAt(uint32_t index) {
  v1::Token token;
  token.set_index(index);
  return token;
}

AnswerLog LogOf(const std::string& text) {
  AnswerLog log;
  log.Start({});
  for (uint32_t i = 0; i < text.size(); ++i) log.Add(TokenAt(i), text.substr(i, 1));
  return log;
}

TEST(AnswerLogTest, JoinsTokensAndTheirTextFromAnyTokenOn) {
  const AnswerLog log = LogOf("abcd");
  v1::Delta delta;
  EXPECT_EQ(log.Read(1, delta), 4u);
  EXPECT_EQ(delta.text(), "bcd");
  EXPECT_EQ(delta.tokens_size(), 3);
  EXPECT_EQ(delta.tokens(0).index(), 1u);
}

TEST(AnswerLogTest, KeepsDeltasFarBelowTheLargestMessage) {
  AnswerLog log;
  for (uint32_t i = 0; i < 10; ++i) log.Add(TokenAt(i), std::string(AnswerLog::kMaxDeltaBytes / 4, 'x'));
  v1::Delta delta;
  EXPECT_EQ(log.Read(0, delta), 4u);
}

TEST(AnswerLogTest, ForgetsWhatWasReadAndItsBytes) {
  AnswerLog log = LogOf("abcd");
  log.ForgetBefore(4);
  EXPECT_EQ(log.first(), 4u);
  EXPECT_EQ(log.end(), 4u);
  EXPECT_EQ(log.bytes(), 0u);
  log.Add(TokenAt(4), "e");
  v1::Delta delta;
  EXPECT_EQ(log.Read(4, delta), 5u);
  EXPECT_EQ(delta.text(), "e");
}

TEST(AnswerReaderTest, TellsEachThingOnceAndInOrder) {
  AnswerLog log = LogOf("ab");
  AnswerReader reader(0);
  v1::GenerateResponse next;
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_TRUE(next.has_started());
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_EQ(next.delta().text(), "ab");
  EXPECT_FALSE(reader.Next(log, next));
  log.Add(TokenAt(2), "c");
  log.Finish("rest", {});
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_EQ(next.delta().text(), "c");
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_EQ(next.delta().text(), "rest") << "joined with tokens, it would come twice to who resumes";
  EXPECT_EQ(next.delta().tokens_size(), 0);
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_TRUE(next.has_finished());
}

TEST(AnswerReaderTest, ToldThatThereIsNothingOnlyWhereThereIsNothing) {
  AnswerLog log = LogOf("");
  AnswerReader reader(0);
  v1::GenerateResponse next;
  reader.Wait({});
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_TRUE(next.has_started());
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_TRUE(next.has_waiting());
  EXPECT_FALSE(reader.Next(log, next));
  reader.Wait({});
  log.Add(TokenAt(0), "a");
  ASSERT_TRUE(reader.Next(log, next));
  EXPECT_TRUE(next.has_delta());
  EXPECT_FALSE(reader.Next(log, next));
}

TEST(AnswerReaderTest, TellsNothingOfAnAnswerThatHasNotStarted) {
  const AnswerLog log;
  AnswerReader reader(0);
  v1::GenerateResponse next;
  EXPECT_FALSE(reader.Next(log, next));
}

}  // namespace
}  // namespace bitnet
