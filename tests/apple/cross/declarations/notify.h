// What base/sensors uses of macOS' <notify.h>, for compiling it elsewhere.
#pragma once

#include <cstdint>

#define NOTIFY_STATUS_OK 0
#define NOTIFY_TOKEN_INVALID -1

extern "C" {
uint32_t notify_register_check(const char* name, int* out_token);
uint32_t notify_get_state(int token, uint64_t* state64);
}
