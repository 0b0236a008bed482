// The lanes of one threadgroup, each a fibre, and the places where they wait for each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace bitnet::emulation {

inline constexpr uint32_t kSimdLanes = 32;
inline constexpr uint32_t kMaxSimdgroups = 32;  // 1024 lanes: what a Metal device allows.

// A call at which lanes meet: lanes that meet must have made the same one.
struct Meeting {
  const char* operation;
  const char* file;
  int line;
  friend bool operator==(const Meeting&, const Meeting&) = default;
};

// How often a lane has passed what orders its memory accesses and those of other lanes, by kind of memory.
struct Order {
  uint32_t group_device = 0, group_shared = 0;  // Barriers of the threadgroup.
  uint32_t simd_device = 0, simd_shared = 0;    // And of its SIMD group besides.
};

// Which memory a barrier orders.
struct Fence {
  bool of_device = false;
  bool of_threadgroup = false;
};

// Lanes run one after the other, each until it waits for others. So a meeting that some lanes do not come to
// is found for certain, and a run is the same every time. One per thread; not reentrant.
class Threadgroup {
 public:
  // Runs `body` in 32 * simdgroups lanes. Returns "" when all have ended, else at which meeting lanes were
  // missing; those that waited are then unwound.
  static std::string Run(uint32_t simdgroups, const std::function<void(uint32_t lane)>& body);

  // The threadgroup that this thread is running; null outside of Run.
  static Threadgroup* Current();

  // Of the lane that is running. Out of line, since kernels that are watched call them.
  uint32_t lane() const;
  const Order& order() const;
  // Whether it is a place on the stack of the lane that is running.
  bool OnStack(uintptr_t address) const;

  // Meets the other lanes of the SIMD group and returns what each of them brought, by lane.
  template <typename T>
  std::array<T, kSimdLanes> Exchange(const Meeting& meeting, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<T, kSimdLanes> values;
    ExchangeBytes(meeting, &value, sizeof(T), values.data());
    return values;
  }
  void SimdgroupBarrier(const Meeting& meeting, Fence fence);
  void ThreadgroupBarrier(const Meeting& meeting, Fence fence);

 private:
  static constexpr size_t kMaxParcel = 16;
  using Parcels = std::array<std::array<std::byte, kMaxParcel>, kSimdLanes>;
  enum class State : uint8_t { kRunning, kAtSimdgroupMeeting, kAtBarrier, kEnded };
  struct Lane;

  explicit Threadgroup(uint32_t simdgroups);
  ~Threadgroup();

  // `all` receives what each lane brought, side by side.
  void ExchangeBytes(const Meeting& meeting, const void* mine, size_t size, void* all);
  // Gives way to the other lanes until this one has been released.
  void Wait(State state, const Meeting& meeting);
  void Resume(uint32_t lane);
  // Releases who is complete. False: nobody was, and `missing_` says who is missing where.
  bool Release();
  bool ReleaseSimdgroup(uint32_t simdgroup);
  bool ReleaseBarrier();
  bool AllEnded() const;
  static std::string Whereabouts(const Lane& lane);  // Of one that does not run.

  std::vector<Lane> lanes_;
  // What lanes bring to a meeting. Of two in turn: the first to be released may be at the next one before the
  // last has read its answers, but no further.
  std::vector<std::array<Parcels, 2>> parcels_;
  uint32_t running_ = 0;
  std::string missing_;
};

}  // namespace bitnet::emulation
