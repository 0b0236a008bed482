#include "engine/adapters/registry.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// One pair of `floats` numbers.
std::shared_ptr<const Adapter> AdapterOf(size_t floats) {
  auto adapter = std::make_shared<Adapter>(1);
  LowRankPair pair;
  pair.rank = 1;
  pair.a.resize(floats - 1);
  pair.b.resize(1);
  adapter->Set(0, ProjectionKind::kUp, std::move(pair));
  return adapter;
}

TEST(AdapterRegistryTest, FindsAdaptersByName) {
  AdapterRegistry registry(4, 4000);
  const auto poet = AdapterOf(10);
  ASSERT_TRUE(registry.Add("poet", "/poet.gguf", poet).ok());
  ASSERT_TRUE(registry.Add("jurist", "/jurist", AdapterOf(20)).ok());
  const AdapterUse uses[] = {{"jurist"}, {"poet", 0.5f}};
  const auto lease = registry.Lease(uses);
  ASSERT_TRUE(lease.ok()) << lease.status();
  ASSERT_EQ(lease->list().size(), 2u);
  EXPECT_EQ(lease->list()[0].scale, 1);
  EXPECT_EQ(lease->list()[1].adapter, poet.get());
  EXPECT_EQ(lease->list()[1].scale, 0.5f);
  const auto list = registry.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "poet");
  EXPECT_EQ(list[0].path, "/poet.gguf");
  EXPECT_EQ(list[0].bytes, 40u);
  EXPECT_EQ(list[0].max_rank, 1u);
  EXPECT_EQ(list[0].num_pairs, 1u);
  EXPECT_EQ(list[1].name, "jurist");
}

TEST(AdapterRegistryTest, NamesWhatThereIsWhenAskedForOthers) {
  AdapterRegistry registry(4, 4000);
  const AdapterUse x[] = {{"x"}};
  EXPECT_TRUE(IsError(registry.Lease(x).status(), absl::StatusCode::kNotFound,
                      "there is no adapter 'x'; loaded are none"));
  ASSERT_TRUE(registry.Add("a", "", AdapterOf(2)).ok());
  ASSERT_TRUE(registry.Add("b", "", AdapterOf(2)).ok());
  EXPECT_TRUE(IsError(registry.Lease(x).status(), absl::StatusCode::kNotFound, "loaded are 'a', 'b'"));
  EXPECT_TRUE(IsError(registry.Remove("x"), absl::StatusCode::kNotFound, "loaded are 'a', 'b'"));
}

TEST(AdapterRegistryTest, KeepsRemovedOnesForThoseWhoUseThem) {
  AdapterRegistry registry(4, 100);
  ASSERT_TRUE(registry.Add("a", "", AdapterOf(20)).ok());
  const AdapterUse a[] = {{"a"}};
  absl::StatusOr<AdapterLease> used = registry.Lease(a);
  ASSERT_TRUE(used.ok()) << used.status();
  ASSERT_TRUE(registry.Remove("a").ok());
  EXPECT_EQ(registry.Lease(a).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(used->list()[0].adapter->Find(0, ProjectionKind::kUp)->a.size(), 19u);
  EXPECT_EQ(*registry.RoomFor("a"), 20u) << "it still takes 80 bytes";
  EXPECT_TRUE(IsError(registry.Add("a", "p", AdapterOf(20)), absl::StatusCode::kResourceExhausted,
                      "p: takes 80 bytes in memory; there is room for 20"));
  *used = AdapterLease();
  EXPECT_EQ(*registry.RoomFor("a"), 100u);
  EXPECT_TRUE(registry.Add("a", "", AdapterOf(20)).ok());
}

TEST(AdapterRegistryTest, BoundsTheirNumber) {
  AdapterRegistry registry(1, 4000);
  ASSERT_TRUE(registry.Add("a", "", AdapterOf(2)).ok());
  EXPECT_TRUE(IsError(registry.Add("b", "", AdapterOf(2)), absl::StatusCode::kResourceExhausted,
                      "1 adapters are loaded, as many as may"));
}

TEST(AdapterRegistryTest, RefusesNamesThatAreTakenOrUnfit) {
  AdapterRegistry registry(4, 4000);
  ASSERT_TRUE(registry.Add("a", "/x", AdapterOf(2)).ok());
  EXPECT_TRUE(IsError(registry.RoomFor("a").status(), absl::StatusCode::kAlreadyExists,
                      "an adapter 'a' is loaded already, from /x"));
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a=b"), std::string("a\n"),
                                  std::string(129, 'a'), std::string("\xC3\xA4")}) {
    EXPECT_EQ(registry.Add(name, "", AdapterOf(2)).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(registry.Add("Org/name-1.5_b:v2", "", AdapterOf(2)).ok());
}

}  // namespace
}  // namespace bitnet
