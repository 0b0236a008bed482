#!/usr/bin/env python3
"""Renders the families' chat templates here and with two programs of others, Jinja2 set up as transformers sets it up and
@huggingface/jinja, and compares the texts byte by byte.

Usage: judge.py --render PROGRAM --node-modules FOLDER --trl FOLDER [--all] [--more FOLDER]...

A template that refuses a conversation has to be refused here too. Where the two others differ between themselves, Jinja2 counts:
it is what models are trained with. (Of the families, that is where @huggingface/jinja lacks the filter reject, for Llama-3.1,
and where it takes '' for equal to false, for Llama-2.) Exit code 1: a text differs."""
import argparse
import datetime
import json
import pathlib
import subprocess
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

import conversations
import families


class Generation(jinja2.ext.Extension):
    """{% generation %} marks what the assistant said; here it only has to go away."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_written"), [], [], body).set_lineno(line)

    def _written(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class Jinja2:
    name = "jinja2"

    def __init__(self):
        self.environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
        self.environment.filters["tojson"] = tojson
        self.environment.globals["raise_exception"] = raise_exception
        self.environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)

    def render(self, template, all_variables):
        try:
            parsed = self.environment.from_string(template)
        except jinja2.TemplateError as error:
            return [{"error": str(error)}] * len(all_variables)
        return [self.render_one(parsed, variables) for variables in all_variables]

    @staticmethod
    def render_one(parsed, variables):
        try:
            return {"text": parsed.render(**variables)}
        except (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            return {"error": "%s: %s" % (type(error).__name__, error)}


class Program:
    """One that answers lines with lines."""

    def __init__(self, name, command):
        self.name = name
        self.command = command

    def render(self, template, all_variables):
        lines = "".join(json.dumps({"template": template, "variables": v}) + "\n" for v in all_variables)
        done = subprocess.run(self.command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
        return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]


def show(answer):
    return repr(answer.get("text")) if "text" in answer else "refused: " + answer["error"]


def same(a, b):
    return a.get("text") == b.get("text")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render", required=True, help="jinja_render")
    parser.add_argument("--node-modules", required=True, help="the folder that @huggingface/jinja was installed in")
    parser.add_argument("--trl", required=True, type=pathlib.Path, help="trl's folder chat_templates")
    parser.add_argument("--more", action="append", default=[], help="a folder with more templates, *.jinja")
    parser.add_argument("--all", action="store_true", help="the templates of other families too")
    parser.add_argument("--only", help="templates whose name has this in it")
    options = parser.parse_args()

    here = pathlib.Path(__file__).resolve().parent
    ours = Program("ours", [options.render])
    judges = [Jinja2(), Program("hf", ["node", here / "render_lines.mjs", options.node_modules])]
    names, all_variables = zip(*conversations.variables())
    family = {*families.SHORT, *families.FROM_TRL}
    wrong = 0
    renders = 0
    print("%-36s %8s %8s %10s %10s %s" % ("template", "texts", "refused", "!= jinja2", "!= hf", "(of which jinja2 != hf)"))
    for template, source in families.templates(options.trl, options.more).items():
        if (template not in family and not options.all) or (options.only and options.only not in template):
            continue
        mine = ours.render(source, all_variables)
        theirs = [judge.render(source, all_variables) for judge in judges]
        differs = [[i for i in range(len(mine)) if not same(mine[i], other[i])] for other in theirs]
        disputed = [i for i in differs[1] if not same(theirs[0][i], theirs[1][i])]
        counts = differs[0] + ([i for i in differs[1] if i not in disputed])
        renders += len(mine)
        wrong += len(set(counts))
        print("%-36s %8d %8d %10d %10d %10d" % (template, sum("text" in m for m in mine), sum("error" in m for m in mine),
                                                len(differs[0]), len(differs[1]), len(disputed)))
        for i in counts[:1]:
            print("  %s:" % names[i])
            for who, answers in [("ours", mine), ("jinja2", theirs[0]), ("hf", theirs[1])]:
                print("    %-7s %s" % (who, show(answers[i])))
        sys.stdout.flush()
    print("%d renders, %d differences" % (renders, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
