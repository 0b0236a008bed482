// What base/sensors and Abseil use of macOS' CoreFoundation, for compiling it elsewhere.
#pragma once

#include <cstdint>

extern "C" {
using CFTypeRef = const void*;
using CFTimeZoneRef = const struct __CFTimeZone*;
using CFAllocatorRef = const struct __CFAllocator*;
using CFStringRef = const struct __CFString*;
using CFArrayRef = const struct __CFArray*;
using CFDictionaryRef = const struct __CFDictionary*;
using CFMutableDictionaryRef = struct __CFDictionary*;
using CFIndex = long;
using CFStringEncoding = uint32_t;
using Boolean = unsigned char;
constexpr CFStringEncoding kCFStringEncodingUTF8 = 0x08000100;

void CFRelease(CFTypeRef object);
CFStringRef __CFStringMakeConstantString(const char* text);
CFIndex CFStringGetLength(CFStringRef string);
CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);
Boolean CFStringGetCString(CFStringRef string, char* buffer, CFIndex size, CFStringEncoding encoding);
CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
                                                     CFDictionaryRef from);
const void* CFDictionaryGetValue(CFDictionaryRef dictionary, const void* key);
CFIndex CFArrayGetCount(CFArrayRef array);
const void* CFArrayGetValueAtIndex(CFArrayRef array, CFIndex index);
CFTimeZoneRef CFTimeZoneCopyDefault();
CFStringRef CFTimeZoneGetName(CFTimeZoneRef zone);
}
#define CFSTR(text) __CFStringMakeConstantString(text)
