#include "tests/kernels/metal/emulator/threadgroup.h"

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <cassert>
#include <cstring>
#include <span>
#include <utility>

namespace bitnet::emulation {
namespace {

thread_local Threadgroup* current = nullptr;

// Kernels have arrays of some hundred bytes and call nothing deep.
constexpr size_t kStackBytes = 64 << 10;

// Stacks are used again and again: a launch has thousands of lanes, one threadgroup at a time.
class StackPool {
 public:
  boost::context::stack_context allocate() {
    if (Free().empty()) return boost::context::fixedsize_stack(kStackBytes).allocate();
    const boost::context::stack_context stack = Free().back();
    Free().pop_back();
    return stack;
  }
  void deallocate(boost::context::stack_context& stack) { Free().push_back(stack); }

 private:
  struct List : std::vector<boost::context::stack_context> {
    ~List() {
      for (boost::context::stack_context& stack : *this) {
        boost::context::fixedsize_stack(kStackBytes).deallocate(stack);
      }
    }
  };
  static List& Free() {
    thread_local List list;
    return list;
  }
};

std::string Describe(const Meeting& meeting) {
  const std::string file = meeting.file;
  return std::string(meeting.operation) + " in line " + std::to_string(meeting.line) + " of " +
         file.substr(file.rfind('/') + 1);
}

}  // namespace

struct Threadgroup::Lane {
  boost::context::fiber fiber;      // The lane, while it waits.
  boost::context::fiber scheduler;  // Who resumed it, while it runs.
  boost::context::stack_context stack;
  State state = State::kRunning;
  Meeting meeting = {};
  Fence fence;
  Order order;
  uint32_t num_meetings = 0;  // Of the SIMD group, that this lane has been to.
};

Threadgroup::Threadgroup(uint32_t simdgroups) : lanes_(simdgroups * kSimdLanes), parcels_(simdgroups) {}
Threadgroup::~Threadgroup() = default;

Threadgroup* Threadgroup::Current() { return current; }

uint32_t Threadgroup::lane() const { return running_; }

const Order& Threadgroup::order() const { return lanes_[running_].order; }

bool Threadgroup::OnStack(uintptr_t address) const {
  const auto top = reinterpret_cast<uintptr_t>(lanes_[running_].stack.sp);
  return address < top && address >= top - lanes_[running_].stack.size;
}

std::string Threadgroup::Run(uint32_t simdgroups, const std::function<void(uint32_t lane)>& body) {
  assert(current == nullptr && simdgroups >= 1 && simdgroups <= kMaxSimdgroups);
  Threadgroup group(simdgroups);
  current = &group;
  StackPool pool;
  for (uint32_t i = 0; i < group.lanes_.size(); ++i) {
    Lane& lane = group.lanes_[i];
    lane.stack = pool.allocate();
    const boost::context::preallocated place(lane.stack.sp, lane.stack.size, lane.stack);
    lane.fiber = boost::context::fiber(std::allocator_arg, place, pool,
                                       [&lane, &body, i](boost::context::fiber&& scheduler) {
                                         lane.scheduler = std::move(scheduler);
                                         body(i);
                                         lane.state = State::kEnded;
                                         return std::move(lane.scheduler);
                                       });
  }
  do {
    for (uint32_t i = 0; i < group.lanes_.size(); ++i) {
      if (group.lanes_[i].state == State::kRunning) group.Resume(i);
    }
  } while (!group.AllEnded() && group.Release());
  // Lanes that still wait are unwound with their fibres.
  for (Lane& lane : group.lanes_) lane.fiber = {};
  current = nullptr;
  return group.missing_;
}

void Threadgroup::Resume(uint32_t lane) {
  running_ = lane;
  lanes_[lane].fiber = std::move(lanes_[lane].fiber).resume();
}

void Threadgroup::Wait(State state, const Meeting& meeting) {
  Lane& lane = lanes_[running_];
  lane.state = state;
  lane.meeting = meeting;
  lane.scheduler = std::move(lane.scheduler).resume();
}

void Threadgroup::ExchangeBytes(const Meeting& meeting, const void* mine, size_t size, void* all) {
  assert(size <= kMaxParcel);
  Lane& lane = lanes_[running_];
  Parcels& parcels = parcels_[running_ / kSimdLanes][lane.num_meetings++ % 2];
  std::memcpy(parcels[running_ % kSimdLanes].data(), mine, size);
  Wait(State::kAtSimdgroupMeeting, meeting);
  if (size == kMaxParcel) {  // Of matrices, which meet most.
    std::memcpy(all, &parcels, sizeof(parcels));
    return;
  }
  for (uint32_t i = 0; i < kSimdLanes; ++i) {
    std::memcpy(static_cast<std::byte*>(all) + i * size, parcels[i].data(), size);
  }
}

void Threadgroup::SimdgroupBarrier(const Meeting& meeting, Fence fence) {
  Exchange(meeting, 0);
  Order& order = lanes_[running_].order;
  order.simd_device += fence.of_device;
  order.simd_shared += fence.of_threadgroup;
}

void Threadgroup::ThreadgroupBarrier(const Meeting& meeting, Fence fence) {
  Wait(State::kAtBarrier, meeting);
  Order& order = lanes_[running_].order;
  order.group_device += fence.of_device;
  order.group_shared += fence.of_threadgroup;
}

std::string Threadgroup::Whereabouts(const Lane& lane) {
  return lane.state == State::kEnded ? " has ended" : " waits at " + Describe(lane.meeting);
}

bool Threadgroup::AllEnded() const {
  return std::ranges::all_of(lanes_, [](const Lane& lane) { return lane.state == State::kEnded; });
}

bool Threadgroup::Release() {
  bool released = ReleaseBarrier();
  for (uint32_t simdgroup = 0; missing_.empty() && simdgroup < parcels_.size(); ++simdgroup) {
    released |= ReleaseSimdgroup(simdgroup);
  }
  if (!released && missing_.empty()) {
    const auto waits = std::ranges::find(lanes_, State::kAtBarrier, &Lane::state);
    const auto absent = std::ranges::find_if(lanes_, [&](const Lane& lane) {
      return lane.state == State::kEnded || !(lane.meeting == waits->meeting);
    });
    missing_ = "lane " + std::to_string(waits - lanes_.begin()) + " waits at " + Describe(waits->meeting) +
               ", but lane " + std::to_string(absent - lanes_.begin()) + Whereabouts(*absent);
  }
  return released && missing_.empty();
}

// Called when no lane of the SIMD group runs.
bool Threadgroup::ReleaseSimdgroup(uint32_t simdgroup) {
  const std::span<Lane> group(&lanes_[simdgroup * kSimdLanes], kSimdLanes);
  const auto at_meeting = [](const Lane& lane) { return lane.state == State::kAtSimdgroupMeeting; };
  const auto waits = std::ranges::find_if(group, at_meeting);
  if (waits == group.end()) return false;
  for (const Lane& lane : group) {
    if (at_meeting(lane) && lane.meeting == waits->meeting) continue;
    missing_ = "lane " + std::to_string(waits - group.begin()) + " of SIMD group " +
               std::to_string(simdgroup) + " waits at " + Describe(waits->meeting) + ", but lane " +
               std::to_string(&lane - group.data()) + Whereabouts(lane);
    return false;
  }
  for (Lane& lane : group) lane.state = State::kRunning;
  return true;
}

bool Threadgroup::ReleaseBarrier() {
  for (const Lane& lane : lanes_) {
    if (lane.state != State::kAtBarrier || !(lane.meeting == lanes_[0].meeting)) return false;
  }
  for (Lane& lane : lanes_) lane.state = State::kRunning;
  return true;
}

}  // namespace bitnet::emulation
