#include "bench/models/random_model.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/loaded_model.h"

namespace bitnet {
namespace {

absl::StatusOr<std::unique_ptr<MadeModel>> Tiny(const char* type, const char* head) {
  return MadeModel::Create(*FindShape("tiny"), *FindWeightType(type), *FindWeightType(head));
}

TEST(MadeModelTest, LoadsWithEveryTypeOfWeights) {
  for (const WeightType& type : WeightTypes()) {
    const auto model = Tiny(type.name, "f16");
    ASSERT_TRUE(model.ok()) << model.status();
    ThreadPool pool(1);
    const auto loaded = LoadedModel::Load((*model)->File(), {}, pool);
    ASSERT_TRUE(loaded.ok()) << type.name << ": " << loaded.status();
    EXPECT_EQ(loaded->weights.packed.size(), 0u) << type.name << " was packed at load";
  }
}

TEST(MadeModelTest, TellsWhatAStepReads) {
  const auto model = Tiny("2bit", "f16");
  ASSERT_TRUE(model.ok()) << model.status();
  const auto engine = Engine::Create((*model)->File(), {.num_threads = 1});
  ASSERT_TRUE(engine.ok()) << engine.status();
  const ModelCost cost = (*engine)->cost();
  EXPECT_EQ(cost.layer_weights, FindShape("tiny")->num_layer_weights());
  EXPECT_EQ(cost.layer_bytes, cost.layer_weights / 4);
  EXPECT_EQ(cost.head_weights, 512u * 256);
  EXPECT_EQ(cost.head_bytes, 2 * cost.head_weights);
}

TEST(MadeModelTest, CountsScalesAmongTheBytes) {
  const auto model = Tiny("1bit-grouped", "1bit-grouped");
  ASSERT_TRUE(model.ok()) << model.status();
  const auto engine = Engine::Create((*model)->File(), {.num_threads = 1});
  ASSERT_TRUE(engine.ok()) << engine.status();
  // One bit, and 16 more for every 128.
  EXPECT_EQ((*engine)->cost().layer_bytes, (*engine)->cost().layer_weights * 9 / 64);
  EXPECT_EQ((*engine)->cost().head_bytes, (*engine)->cost().head_weights * 9 / 64);
}

TEST(ShapesTest, AreThoseOfTheModels) {
  // The guide's 1-bit model: 1.3 G weights with the head.
  const ModelShape binary = *FindShape("1.3b");
  EXPECT_NEAR(static_cast<double>(binary.num_layer_weights() + binary.vocab_size * binary.hidden_dim), 1.3e9,
              0.01e9);
  EXPECT_EQ(FindShape("2b-4t")->num_layer_weights(), 2084044800u);
  EXPECT_EQ(FindShape("9b").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ShapesTest, NameTypesThatThereAre) {
  for (const ModelShape& shape : ModelShapes()) {
    EXPECT_TRUE(FindWeightType(shape.type).ok()) << shape.name;
    EXPECT_TRUE(FindWeightType(shape.head).ok()) << shape.name;
  }
}

}  // namespace
}  // namespace bitnet
