#include <pthread/qos.h>

#include "base/thread_qos.h"

namespace bitnet {
namespace {

qos_class_t AppleClass(QosClass qos) {
  switch (qos) {
    case QosClass::kUserInitiated:
      return QOS_CLASS_USER_INITIATED;
    case QosClass::kUtility:
      return QOS_CLASS_UTILITY;
    case QosClass::kBackground:
      return QOS_CLASS_BACKGROUND;
  }
}

}  // namespace

// Fails only for threads whose scheduling was set by hand, which we have none of, and then all stays as it
// was.
void SetThreadQos(QosClass qos) { pthread_set_qos_class_self_np(AppleClass(qos), 0); }

}  // namespace bitnet
