// Functions of a shared library, replaced by ones of the same name that call them.
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <type_traits>

namespace bitnet::tsan {

// The function that bears the name of the one at `own` in the libraries searched after this program. Ends the
// process where there is none.
inline void* FindNext(void* own) {
  Dl_info info;
  const bool named = dladdr(own, &info) != 0 && info.dli_saddr == own;
  void* const next = named ? dlsym(RTLD_NEXT, info.dli_sname) : nullptr;
  if (next == nullptr) {
    std::fprintf(stderr, "tsan: no other definition of %s\n",
                 named ? info.dli_sname : "a function without a symbol");
    std::abort();
  }
  return next;
}

// What a pointer to a member function that is not virtual consists of (Itanium C++ ABI, 2.3).
struct MemberPointer {
  void* address;
  intptr_t adjustment;
};

// The function that `kOwn` replaces, a member or not: in the replacement of a member,
// `(this->*Next<&Class::Function>())()`.
template <auto kOwn>
auto Next() {
  static std::atomic<void*> address = nullptr;
  using Bits = std::conditional_t<std::is_member_function_pointer_v<decltype(kOwn)>, MemberPointer, void*>;
  auto bits = std::bit_cast<Bits>(kOwn);
  void*& code = reinterpret_cast<void*&>(bits);  // The first word of either.
  // Relaxed: each thread finds the same. The guard of a `const` found once would order its first users, for
  // the sanitizer.
  void* next = address.load(std::memory_order_relaxed);
  if (next == nullptr) {
    next = FindNext(code);
    address.store(next, std::memory_order_relaxed);
  }
  code = next;
  return std::bit_cast<decltype(kOwn)>(bits);
}

}  // namespace bitnet::tsan
