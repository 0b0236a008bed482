// The private library behind energy_model.h; macOS only. Nothing of it is in the SDK, so its functions are
// declared here, as the programs that show a Mac's power declare them.
#include <CoreFoundation/CoreFoundation.h>
#include <dlfcn.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "base/sensors/apple/energy_model.h"

namespace bitnet {
namespace {

using Subscription = struct IOReportSubscription*;

struct IoReport {
  CFDictionaryRef (*CopyChannelsInGroup)(CFStringRef group, CFStringRef subgroup, uint64_t, uint64_t,
                                         uint64_t);
  Subscription (*CreateSubscription)(void*, CFMutableDictionaryRef channels,
                                     CFMutableDictionaryRef* subscribed, uint64_t, CFTypeRef);
  CFDictionaryRef (*CreateSamples)(Subscription, CFMutableDictionaryRef subscribed, CFTypeRef);
  CFStringRef (*ChannelGetChannelName)(CFDictionaryRef);
  CFStringRef (*ChannelGetUnitLabel)(CFDictionaryRef);
  int64_t (*SimpleGetIntegerValue)(CFDictionaryRef, int32_t);
};

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

// Never unloaded.
bool LoadIoReport(IoReport& io) {
  void* library = dlopen("/usr/lib/libIOReport.dylib", RTLD_LAZY | RTLD_LOCAL);
  return library != nullptr && Find(library, "IOReportCopyChannelsInGroup", io.CopyChannelsInGroup) &&
         Find(library, "IOReportCreateSubscription", io.CreateSubscription) &&
         Find(library, "IOReportCreateSamples", io.CreateSamples) &&
         Find(library, "IOReportChannelGetChannelName", io.ChannelGetChannelName) &&
         Find(library, "IOReportChannelGetUnitLabel", io.ChannelGetUnitLabel) &&
         Find(library, "IOReportSimpleGetIntegerValue", io.SimpleGetIntegerValue);
}

struct Release {
  void operator()(const void* object) const { CFRelease(object); }
};
template <typename Ref>
using Owned = std::unique_ptr<std::remove_pointer_t<Ref>, Release>;

std::string ToString(CFStringRef text) {
  char bytes[128] = {};  // Names of channels are short; a longer one is none of ours.
  return text != nullptr && CFStringGetCString(text, bytes, sizeof(bytes), kCFStringEncodingUTF8) ? bytes
                                                                                                  : "";
}

class EnergyModel {
 public:
  // Null if the system does not let us.
  static std::shared_ptr<EnergyModel> Open() {
    auto model = std::make_shared<EnergyModel>();
    if (!LoadIoReport(model->io_)) {
      return nullptr;
    }
    const Owned<CFDictionaryRef> channels(
        model->io_.CopyChannelsInGroup(CFSTR("Energy Model"), nullptr, 0, 0, 0));
    if (channels == nullptr) {
      return nullptr;
    }
    const Owned<CFMutableDictionaryRef> wanted(CFDictionaryCreateMutableCopy(nullptr, 0, channels.get()));
    CFMutableDictionaryRef subscribed = nullptr;
    model->subscription_.reset(model->io_.CreateSubscription(nullptr, wanted.get(), &subscribed, 0, nullptr));
    model->subscribed_.reset(subscribed);
    return model->subscription_ != nullptr && subscribed != nullptr ? model : nullptr;
  }

  std::vector<EnergyChannel> Read() const {
    std::vector<EnergyChannel> read;
    const Owned<CFDictionaryRef> sample(io_.CreateSamples(subscription_.get(), subscribed_.get(), nullptr));
    if (sample == nullptr) {
      return read;
    }
    const auto* channels =
        static_cast<CFArrayRef>(CFDictionaryGetValue(sample.get(), CFSTR("IOReportChannels")));
    const CFIndex count = channels == nullptr ? 0 : CFArrayGetCount(channels);
    for (CFIndex i = 0; i < count; ++i) {
      const auto* channel = static_cast<CFDictionaryRef>(CFArrayGetValueAtIndex(channels, i));
      read.push_back({.name = ToString(io_.ChannelGetChannelName(channel)),
                      .unit = ToString(io_.ChannelGetUnitLabel(channel)),
                      .value = io_.SimpleGetIntegerValue(channel, 0)});
    }
    return read;
  }

 private:
  IoReport io_ = {};
  Owned<Subscription> subscription_;
  Owned<CFMutableDictionaryRef> subscribed_;
};

}  // namespace

EnergyModelReader OpenEnergyModel() {
  std::shared_ptr<EnergyModel> model = EnergyModel::Open();
  if (model == nullptr) {
    return nullptr;
  }
  return [model = std::move(model)] { return model->Read(); };
}

}  // namespace bitnet
