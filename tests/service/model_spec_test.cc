#include "service/models/model_spec.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(PlanModelsTest, CallsAModelAsItsFileUnlessItHasAName) {
  const auto specs =
      PlanModels({"models/lighthouse-1.58b-6m.gguf", "chat=/m/large.gguf", "dir/falcon-1.58b/"}, {}, {});
  ASSERT_TRUE(specs.ok()) << specs.status();
  ASSERT_EQ(specs->size(), 3u);
  EXPECT_EQ((*specs)[0].name, "lighthouse-1.58b-6m");
  EXPECT_EQ((*specs)[0].path, "models/lighthouse-1.58b-6m.gguf");
  EXPECT_EQ((*specs)[1].name, "chat");
  EXPECT_EQ((*specs)[1].path, "/m/large.gguf");
  EXPECT_EQ((*specs)[2].name, "falcon-1.58b");
}

TEST(PlanModelsTest, GivesAliasesAndAdaptersToTheirModels) {
  const auto specs = PlanModels({"a=a.gguf", "b=b.gguf"}, {"default=a", "large=b", "b:2=b"},
                                {"poet=p,1=x", "b,poet=q", "b,bard=r"});
  ASSERT_TRUE(specs.ok()) << specs.status();
  EXPECT_EQ((*specs)[0].aliases, std::vector<std::string>{"default"});
  EXPECT_EQ((*specs)[1].aliases, (std::vector<std::string>{"large", "b:2"}));
  EXPECT_EQ((*specs)[0].adapters, std::vector<std::string>{"poet=p,1=x"});
  EXPECT_EQ((*specs)[1].adapters, (std::vector<std::string>{"poet=q", "bard=r"}));
}

struct Wrong {
  std::vector<std::string> models, aliases, adapters;
  std::string message;
};

TEST(PlanModelsTest, SaysWhatIsWrong) {
  const std::string name = " with a name of 1 to 128 letters, digits and characters of \"._-/:\"";
  for (const Wrong& wrong : {
           Wrong{{"a b=x"}, {}, {}, "--model is 'a b=x', wanted PATH or NAME=PATH" + name},
           Wrong{{"a="}, {}, {}, "--model is 'a=', wanted PATH or NAME=PATH" + name},
           Wrong{{"a=x", "dir/a.gguf"}, {}, {}, "the name 'a' is given to two models"},
           Wrong{{"a=x"}, {"b"}, {}, "--alias is 'b', wanted NAME=MODEL" + name},
           Wrong{{"a=x"}, {"b=c"}, {}, "--alias is for model 'c', which is none of a"},
           Wrong{{"a=x", "b=y"}, {"b=a"}, {}, "the name 'b' is given to two models"},
           Wrong{{"a=x"}, {}, {"poet"}, "--adapter is 'poet', wanted NAME=PATH or MODEL,NAME=PATH" + name},
           Wrong{{"a=x"}, {}, {"c,poet=p"}, "--adapter is for model 'c', which is none of a"},
       }) {
    const absl::Status status = PlanModels(wrong.models, wrong.aliases, wrong.adapters).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << wrong.message;
    EXPECT_EQ(status.message(), wrong.message);
  }
}

}  // namespace
}  // namespace bitnet
