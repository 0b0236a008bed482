"""bench/predict/predictions.py on texts of which each has one peculiarity."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench" / "predict"))
import predictions


def renewed(text):
    return predictions.renewed(text, lambda arguments: "| " + " ".join(arguments) + " |\n")


class RenewedTest(unittest.TestCase):
    command = predictions.PREFIX + 'predict --chip "M4 Pro"\n'

    def test_puts_the_output_behind_a_command(self):
        self.assertEqual(renewed(f"Text.\n\n{self.command}\nMore.\n"),
                         f"Text.\n\n{self.command}\n| predict --chip M4 Pro |\n\nMore.\n")

    def test_replaces_a_table(self):
        once = renewed(f"{self.command}\n| old |\n| older |\n\nMore.\n")
        self.assertEqual(once, f"{self.command}\n| predict --chip M4 Pro |\n\nMore.\n")
        self.assertEqual(renewed(once), once)

    def test_ends_with_a_table(self):
        once = renewed(self.command)
        self.assertEqual(once, f"{self.command}\n| predict --chip M4 Pro |\n")
        self.assertEqual(renewed(once), once)

    def test_leaves_other_lines_alone(self):
        text = "    build/release/bin/other\n\n| table |\n"
        self.assertEqual(renewed(text), text)


if __name__ == "__main__":
    unittest.main()
