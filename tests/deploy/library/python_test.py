#!/usr/bin/env python3
"""deploy/examples/python/bitnet.py on the embedded model.

BITNET_LIBRARY, BITNET_MODEL and BITNET_ABI (the record of tests/engine/c_api) say where things are.
"""
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../deploy/examples/python"))
import bitnet  # noqa: E402

QUESTION = [("user", "What is a lighthouse?")]


class PythonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = bitnet.Engine(os.environ["BITNET_MODEL"], num_threads=1)

    def test_has_the_structs_of_the_header(self):
        recorded = {}
        with open(os.environ["BITNET_ABI"], encoding="utf-8") as file:
            for line in file:
                kind, name, *numbers = line.split()
                if kind == "field":
                    recorded[name] = tuple(map(int, numbers))
        for name, struct in {"bitnet_engine_options": bitnet.EngineOptions, "bitnet_chat_message": bitnet.ChatMessage,
                             "bitnet_generation_options": bitnet.GenerationOptions, "bitnet_event": bitnet.Event,
                             "bitnet_usage": bitnet.Usage, "bitnet_error": bitnet._Error}.items():
            here = {"%s.%s" % (name, field): (getattr(struct, field).offset, getattr(struct, field).size)
                    for field, _ in struct._fields_}
            self.assertEqual(here, {field: place for field, place in recorded.items() if field.startswith(name + ".")})

    def test_gives_back_the_text_of_its_tokens(self):
        text = "Grüße von der Küste"
        self.assertEqual(self.engine.detokenize(self.engine.tokenize(text)), text)

    def test_streams_an_answer(self):
        answer = self.engine.chat(QUESTION, max_tokens=12)
        pieces = list(answer)
        self.assertGreater(len(pieces), 3)
        self.assertEqual("".join(pieces), self.engine.detokenize(answer.tokens))
        self.assertEqual((answer.finish, answer.usage().generated_tokens), ("length", 12))

    def test_answers_several_threads_at_once(self):
        alone = "".join(self.engine.chat(QUESTION, max_tokens=20))
        answers = []
        threads = [threading.Thread(target=lambda: answers.append("".join(self.engine.chat(QUESTION, max_tokens=20))))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [alone] * 4)

    def test_ends_an_answer_that_is_cancelled(self):
        answer = self.engine.chat(QUESTION, flags=1)  # Goes on until the context is full.
        pieces = iter(answer)
        next(pieces)
        answer.cancel()
        for _ in pieces:
            pass
        self.assertEqual(answer.finish, "cancelled")

    def test_says_what_is_wrong(self):
        with self.assertRaisesRegex(bitnet.Error, "/nowhere.gguf") as raised:
            bitnet.Engine("/nowhere.gguf")
        self.assertEqual(raised.exception.code, 5)
        with self.assertRaisesRegex(bitnet.Error, "temperature is -1"):
            self.engine.chat(QUESTION, temperature=-1)


if __name__ == "__main__":
    unittest.main()
