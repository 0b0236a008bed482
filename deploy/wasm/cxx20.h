// What the engine uses of C++20 and libc++ 13 lacks, which is the standard library of Debian 12's Emscripten:
// std::bit_cast, and the algorithms over ranges, each by the classic algorithm of the same name. Included
// before every file (CMakeLists.txt); later libraries have all of it, and make this file nothing.
#ifndef BITNET_DEPLOY_WASM_CXX20_H_
#define BITNET_DEPLOY_WASM_CXX20_H_
#ifdef __cplusplus

#include <version>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 15000

#include <algorithm>
#include <functional>
#include <iterator>
#include <type_traits>
#include <utility>

namespace bitnet_cxx20 {

struct Same {
  template <class T>
  constexpr T&& operator()(T&& value) const {
    return std::forward<T>(value);
  }
};

template <class R>
concept Range = requires(R& range) {
  std::begin(range);
  std::end(range);
};

template <class I>
concept NoRange = !Range<I>;

template <class R>
using Iterator = decltype(std::begin(std::declval<R&>()));

// The arguments of the classic algorithms, whose functions know of no projection.
template <class Predicate, class Projection>
constexpr auto Projected(Predicate& holds, Projection& of) {
  return [&](auto&& item) -> bool { return std::invoke(holds, std::invoke(of, item)); };
}
template <class Compare, class Projection>
constexpr auto ProjectedBoth(Compare& compare, Projection& of) {
  return [&](auto&& a, auto&& b) -> bool {
    return std::invoke(compare, std::invoke(of, a), std::invoke(of, b));
  };
}
template <class T, class Projection>
constexpr auto EqualTo(const T& value, Projection& of) {
  return [&](auto&& item) -> bool { return std::invoke(of, item) == value; };
}

template <class Out>
struct OutResult {
  Out out;
};
template <class In1, class In2>
struct InInResult {
  In1 in1;
  In2 in2;
};
template <class It>
class Subrange {
 public:
  Subrange(It begin, It end) : begin_(begin), end_(end) {}
  It begin() const { return begin_; }
  It end() const { return end_; }

 private:
  It begin_;
  It end_;
};

}  // namespace bitnet_cxx20

namespace std {

template <class To, class From>
requires(sizeof(To) == sizeof(From) && is_trivially_copyable_v<To> &&
         is_trivially_copyable_v<From>) constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}

namespace ranges {

using bitnet_cxx20::Iterator;
using bitnet_cxx20::NoRange;
using bitnet_cxx20::Range;
using bitnet_cxx20::Same;

// ---- Looking ----

template <Range R, class T, class P = Same>
constexpr Iterator<R> find(R&& range, const T& value, P of = {}) {
  return std::find_if(std::begin(range), std::end(range), bitnet_cxx20::EqualTo(value, of));
}
template <Range R, class F, class P = Same>
constexpr Iterator<R> find_if(R&& range, F holds, P of = {}) {
  return std::find_if(std::begin(range), std::end(range), bitnet_cxx20::Projected(holds, of));
}
template <Range R, class F, class P = Same>
constexpr Iterator<R> find_if_not(R&& range, F holds, P of = {}) {
  return std::find_if_not(std::begin(range), std::end(range), bitnet_cxx20::Projected(holds, of));
}
template <Range R, class F, class P = Same>
constexpr bool all_of(R&& range, F holds, P of = {}) {
  return std::all_of(std::begin(range), std::end(range), bitnet_cxx20::Projected(holds, of));
}
template <Range R, class F, class P = Same>
constexpr bool any_of(R&& range, F holds, P of = {}) {
  return std::any_of(std::begin(range), std::end(range), bitnet_cxx20::Projected(holds, of));
}
template <Range R, class F, class P = Same>
constexpr bool none_of(R&& range, F holds, P of = {}) {
  return std::none_of(std::begin(range), std::end(range), bitnet_cxx20::Projected(holds, of));
}
template <Range R, class T, class P = Same>
constexpr auto count(R&& range, const T& value, P of = {}) {
  return std::count_if(std::begin(range), std::end(range), bitnet_cxx20::EqualTo(value, of));
}
template <Range R, class F, class P = Same>
constexpr auto count_if(R&& range, F holds, P of = {}) {
  return std::count_if(std::begin(range), std::end(range), bitnet_cxx20::Projected(holds, of));
}
template <Range R1, Range R2, class F = std::equal_to<>>
constexpr bool equal(R1&& a, R2&& b, F same = {}) {
  return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b), same);
}
template <Range R1, Range R2>
constexpr auto mismatch(R1&& a, R2&& b) {
  const auto [in1, in2] = std::mismatch(std::begin(a), std::end(a), std::begin(b), std::end(b));
  return bitnet_cxx20::InInResult<Iterator<R1>, Iterator<R2>>{in1, in2};
}
template <Range R1, Range R2>
constexpr bool lexicographical_compare(R1&& a, R2&& b) {
  return std::lexicographical_compare(std::begin(a), std::end(a), std::begin(b), std::end(b));
}
template <Range R, class C = std::less<>, class P = Same>
constexpr Iterator<R> min_element(R&& range, C compare = {}, P of = {}) {
  return std::min_element(std::begin(range), std::end(range), bitnet_cxx20::ProjectedBoth(compare, of));
}
template <Range R, class C = std::less<>, class P = Same>
constexpr Iterator<R> max_element(R&& range, C compare = {}, P of = {}) {
  return std::max_element(std::begin(range), std::end(range), bitnet_cxx20::ProjectedBoth(compare, of));
}
template <Range R, class F>
constexpr void for_each(R&& range, F function) {
  std::for_each(std::begin(range), std::end(range), [&](auto&& item) { std::invoke(function, item); });
}

// ---- Looking in what is sorted ----

template <NoRange I, class T, class C = std::less<>, class P = Same>
constexpr I lower_bound(I begin, I end, const T& value, C compare = {}, P of = {}) {
  return std::lower_bound(begin, end, value, [&](auto&& item, const T& wanted) -> bool {
    return std::invoke(compare, std::invoke(of, item), wanted);
  });
}
template <Range R, class T, class C = std::less<>, class P = Same>
constexpr Iterator<R> lower_bound(R&& range, const T& value, C compare = {}, P of = {}) {
  return ranges::lower_bound(std::begin(range), std::end(range), value, compare, of);
}
template <Range R, class T, class C = std::less<>, class P = Same>
constexpr Iterator<R> upper_bound(R&& range, const T& value, C compare = {}, P of = {}) {
  return std::upper_bound(std::begin(range), std::end(range), value,
                          [&](const T& wanted, auto&& item) -> bool {
                            return std::invoke(compare, wanted, std::invoke(of, item));
                          });
}

// ---- Changing ----

template <NoRange I, class C = std::less<>, class P = Same>
void stable_sort(I begin, I end, C compare = {}, P of = {}) {
  std::stable_sort(begin, end, bitnet_cxx20::ProjectedBoth(compare, of));
}
template <Range R, class C = std::less<>, class P = Same>
void stable_sort(R&& range, C compare = {}, P of = {}) {
  std::stable_sort(std::begin(range), std::end(range), bitnet_cxx20::ProjectedBoth(compare, of));
}
template <Range R, class C = std::less<>, class P = Same>
constexpr void sort(R&& range, C compare = {}, P of = {}) {
  std::sort(std::begin(range), std::end(range), bitnet_cxx20::ProjectedBoth(compare, of));
}
template <Range R, class C = std::less<>>
constexpr void nth_element(R&& range, Iterator<R> nth, C compare = {}) {
  std::nth_element(std::begin(range), nth, std::end(range), compare);
}
template <Range R, class C = std::less<>>
constexpr void push_heap(R&& range, C compare = {}) {
  std::push_heap(std::begin(range), std::end(range), compare);
}
template <Range R, class C = std::less<>>
constexpr void pop_heap(R&& range, C compare = {}) {
  std::pop_heap(std::begin(range), std::end(range), compare);
}
template <Range R>
constexpr void reverse(R&& range) {
  std::reverse(std::begin(range), std::end(range));
}
template <Range R, class C = std::equal_to<>, class P = Same>
constexpr auto unique(R&& range, C compare = {}, P of = {}) {
  return bitnet_cxx20::Subrange<Iterator<R>>(
      std::unique(std::begin(range), std::end(range), bitnet_cxx20::ProjectedBoth(compare, of)),
      std::end(range));
}
template <Range R, class T>
constexpr void fill(R&& range, const T& value) {
  std::fill(std::begin(range), std::end(range), value);
}
template <Range R, class O>
constexpr bitnet_cxx20::OutResult<O> copy(R&& range, O out) {
  return {std::copy(std::begin(range), std::end(range), out)};
}
template <Range R, class O>
constexpr bitnet_cxx20::OutResult<O> move(R&& range, O out) {
  return {std::move(std::begin(range), std::end(range), out)};
}
template <Range R, class O, class F>
constexpr bitnet_cxx20::OutResult<O> transform(R&& range, O out, F function) {
  return {std::transform(std::begin(range), std::end(range), out, function)};
}

}  // namespace ranges
}  // namespace std

#endif  // _LIBCPP_VERSION
#endif  // __cplusplus
#endif  // BITNET_DEPLOY_WASM_CXX20_H_
