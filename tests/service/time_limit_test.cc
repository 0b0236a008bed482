// Answers that end when their time is over.
#include <gtest/gtest.h>

#include <string>

#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

class TimeLimitTest : public FrontTest {
 protected:
  Answer GenerateFor(absl::Duration limit, const std::string& script) {
    v1::GenerateRequest request = Prompt(script);
    request.set_time_limit_seconds(absl::ToDoubleSeconds(limit));
    return Generate(request);
  }
};

TEST_F(TimeLimitTest, EndsWithTheTokensSoFarAndFreesTheWorker) {
  StartReady();
  Answer answer;
  do {  // However slow the machine is: until the tokens are there in time.
    answer = GenerateFor(absl::Milliseconds(200), "say:a|b;hang");
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_EQ(answer.finished().reason(), v1::FINISH_REASON_TIME_LIMIT);
    ASSERT_EQ(answer.finished().usage().generated_tokens(), answer.num_tokens());
  } while (answer.num_tokens() < 2);
  EXPECT_EQ(answer.text(), "ab");
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
}

TEST_F(TimeLimitTest, DeliversTextThatWasHeldBack) {
  StartReady();
  v1::GenerateRequest request = Prompt("say:st;hang");
  request.set_time_limit_seconds(0.2);
  request.add_stop("stop");
  Answer answer;
  do {
    answer = Generate(request);
    ASSERT_EQ(answer.finished().reason(), v1::FINISH_REASON_TIME_LIMIT);
  } while (answer.num_tokens() < 1);
  EXPECT_EQ(answer.text(), "st");
}

TEST_F(TimeLimitTest, EndsWithoutATokenWhereNoneCame) {
  StartReady();
  const Answer answer = GenerateFor(absl::Milliseconds(20), "unadmitted;hang");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_TRUE(answer.events.front().has_started());
  EXPECT_EQ(answer.finished().reason(), v1::FINISH_REASON_TIME_LIMIT);
  EXPECT_EQ(answer.num_tokens(), 0u);
}

TEST_F(TimeLimitTest, DoesNotTouchAnswersThatAreDoneBefore) {
  StartReady();
  EXPECT_EQ(GenerateFor(absl::Hours(1), "say:a").finished().reason(), v1::FINISH_REASON_END_TOKEN);
}

}  // namespace
}  // namespace bitnet
