#include "engine/cli/conversation.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/engine/chat/chat_model.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    TinyVocabulary vocabulary;
    vocabulary.Add("<|eot_id|>", TinyVocabulary::kControl);
    GgufWriter writer = vocabulary.Writer();
    writer.String("general.architecture", "bitnet-b1.58");
    model_ = *MakeChatModel(writer);
  }

  // What the model would read, and how many turns were forgotten for it.
  std::string Encode(History& history, size_t max_tokens) {
    const std::vector<int32_t> ids = *history.Encode(*model_.chat, max_tokens, forgotten_);
    std::string text;
    for (const int32_t id : ids) {
      text += model_.tokenizer->TokenText(id);
    }
    return text;
  }

  ChatModel model_;
  int forgotten_ = 0;
};

TEST_F(HistoryTest, KeepsAllTurnsThatFit) {
  History history("S");
  history.Add(ChatRole::kUser, "a");
  history.Add(ChatRole::kAssistant, "b");
  history.Add(ChatRole::kUser, "c");
  EXPECT_EQ(Encode(history, 1000),
            "System: S<|eot_id|>User: a<|eot_id|>Assistant: b<|eot_id|>User: c<|eot_id|>Assistant: ");
  EXPECT_EQ(forgotten_, 0);
}

TEST_F(HistoryTest, ForgetsTheOldestQuestionWithItsAnswer) {
  History history("S");
  history.Add(ChatRole::kUser, "a");
  history.Add(ChatRole::kAssistant, "b");
  history.Add(ChatRole::kUser, "c");
  EXPECT_EQ(Encode(history, 40), "System: S<|eot_id|>User: c<|eot_id|>Assistant: ");
  EXPECT_EQ(forgotten_, 2);
  EXPECT_EQ(Encode(history, 1000), "System: S<|eot_id|>User: c<|eot_id|>Assistant: ");
  EXPECT_EQ(forgotten_, 0);
}

TEST_F(HistoryTest, NeverForgetsTheLatestTurn) {
  History history("");
  history.Add(ChatRole::kUser, "a long question");
  EXPECT_EQ(Encode(history, 1), "User: a long question<|eot_id|>Assistant: ");
}

TEST_F(HistoryTest, StartsAnewAfterReset) {
  History history("S");
  history.Add(ChatRole::kUser, "a");
  history.Reset();
  history.Add(ChatRole::kUser, "b");
  EXPECT_EQ(Encode(history, 1000), "System: S<|eot_id|>User: b<|eot_id|>Assistant: ");
}

}  // namespace
}  // namespace bitnet
