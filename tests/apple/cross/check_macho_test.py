#!/usr/bin/env python3
"""check_macho.py finds what it must find, and nothing else."""
import unittest

import check_macho

STUB = """--- !tapi-tbd
exports:
  - targets:         [ x86_64-macos, arm64-macos,
                       arm64e-macos ]
    symbols:         [ _open, '_read$NOCANCEL',
                       _write ]
    weak-symbols:    [ _weak ]
  - targets:         [ x86_64-macos ]
    symbols:         [ _intel ]
"""
HEADERS = """MH_MAGIC_64   ARM64        ALL  0x00     EXECUTE
      cmd LC_BUILD_VERSION
 platform macos
    minos 13.0
      cmd LC_CODE_SIGNATURE
"""
SYSTEM = "/usr/lib/libSystem.B.dylib"


def problems(undefined=("_open",), dylibs=(SYSTEM,), headers=HEADERS):
    return list(check_macho.unwanted(undefined, dylibs, headers, check_macho.exports(STUB)))


class CheckMachoTest(unittest.TestCase):
    def test_reads_the_exports_of_a_stub(self):
        self.assertEqual(check_macho.exports(STUB), {"_open", "_read$NOCANCEL", "_write", "_weak"})

    def test_accepts_what_is_right(self):
        self.assertEqual(problems(dylibs=(SYSTEM, "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation")), [])

    def test_names_what_is_not(self):
        for wrong, part in [(problems(undefined=("_open", "_intel")), "_intel"), (problems(dylibs=("/usr/lib/libobjc.A.dylib",)), "libobjc"),
                            (problems(headers=HEADERS.replace("13.0", "14.4")), "14.4"), (problems(headers=HEADERS.replace("ARM64", "X86_64")), "arm64"),
                            (problems(headers=HEADERS.replace("macos", "ios")), "macOS"),
                            (problems(headers=HEADERS.replace("LC_CODE_SIGNATURE", "")), "signed")]:
            self.assertEqual(len(wrong), 1, wrong)
            self.assertIn(part, wrong[0])


if __name__ == "__main__":
    unittest.main()
