#include "worker/response_queue.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

worker::v1::GeneratedToken TokenAt(uint32_t index) {
  worker::v1::GeneratedToken token;
  token.mutable_token()->set_index(index);
  return token;
}

TEST(ResponseQueueTest, JoinsTokensThatComeDuringAWrite) {
  ResponseQueue queue;
  queue.AddToken(2, TokenAt(0));
  const worker::v1::GenerateResponse& first = queue.StartWrite();
  for (uint32_t i = 1; i < 4; ++i) queue.AddToken(2, TokenAt(i));
  EXPECT_EQ(first.tokens().tokens_size(), 1);  // What gRPC reads now stays as it is.
  queue.OnWritten();
  const worker::v1::GenerateResponse& second = queue.StartWrite();
  EXPECT_EQ(second.tokens().attempt(), 2u);
  ASSERT_EQ(second.tokens().tokens_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(second.tokens().tokens(i).token().index(), static_cast<uint32_t>(i + 1));
  }
  queue.OnWritten();
  EXPECT_TRUE(queue.empty());
}

TEST(ResponseQueueTest, KeepsOtherMessagesInTheirPlace) {
  ResponseQueue queue;
  worker::v1::GenerateResponse admitted, finished;
  admitted.mutable_admitted();
  finished.mutable_finished();
  queue.Add(admitted);
  queue.AddToken(1, TokenAt(0));
  queue.Add(finished);
  EXPECT_TRUE(queue.StartWrite().has_admitted());
  queue.OnWritten();
  EXPECT_TRUE(queue.StartWrite().has_tokens());
  queue.OnWritten();
  EXPECT_TRUE(queue.StartWrite().has_finished());
}

TEST(ResponseQueueTest, BoundsAMessage) {
  ResponseQueue queue;
  for (uint32_t i = 0; i <= ResponseQueue::kMaxTokens; ++i) queue.AddToken(1, TokenAt(i));
  EXPECT_EQ(queue.StartWrite().tokens().tokens_size(), ResponseQueue::kMaxTokens);
  queue.OnWritten();
  EXPECT_EQ(queue.StartWrite().tokens().tokens_size(), 1);
}

}  // namespace
}  // namespace bitnet
