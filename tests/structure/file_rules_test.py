#!/usr/bin/env python3
"""file_rules.py finds long and badly formatted files."""
import os
import shutil
import tempfile
import unittest

import file_rules


class FileRulesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w") as file:
            file.write(text)

    def test_finds_the_file_that_is_one_line_too_long(self):
        self.write("fits.cc", "\n" * file_rules.LONGEST)
        self.write("long.h", "\n" * (file_rules.LONGEST + 1))
        self.write("long.txt", "\n" * 9999)
        files, found = file_rules.too_long(self.root)
        self.assertEqual(files, ["fits.cc", "long.h"])
        self.assertEqual(found, ["long.h: 451 lines, at most 450"])

    def test_finds_the_file_with_another_format(self):
        program = shutil.which("clang-format")
        if not program:
            self.skipTest("clang-format is not installed")
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write("good.cc", "int a = 1;\n")
        self.assertEqual(file_rules.badly_formatted(self.root, program)[1], [])
        self.write("bad.cc", "int  a=1;\n")
        self.assertIn("bad.cc:1:4: error", "\n".join(file_rules.badly_formatted(self.root, program)[1]))

    def test_tables_exist(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        for table in file_rules.TABLES:
            self.assertTrue(os.path.isfile(os.path.join(root, table)), table)


if __name__ == "__main__":
    unittest.main()
