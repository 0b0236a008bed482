#include "service/http/wakeup.h"

#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace bitnet {

namespace asio = boost::asio;

void Wakeup::Notify() {
  if (!notified_.exchange(true)) {
    asio::post(timer_.get_executor(), [self = shared_from_this()] { self->timer_.cancel(); });
  }
}

asio::awaitable<void> Wakeup::Wait(absl::Duration at_most) {
  if (!notified_.exchange(false)) {
    if (at_most == absl::InfiniteDuration()) {
      timer_.expires_at(asio::steady_timer::time_point::max());
    } else {
      timer_.expires_after(absl::ToChronoNanoseconds(at_most));
    }
    boost::system::error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    notified_ = false;
  }
}

}  // namespace bitnet
