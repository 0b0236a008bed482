"""What PyPI and npm bring, installed into one folder: programs to compare with, and what the models are made with."""
import os
import pathlib
import platform
import subprocess
import sys

from peers import Missing

NUMPY = "numpy==2.2.6"
IK = "ik-llama-cpp-python==0.1.5"        # Built for AVX2; brings llama-quantize.
LLAMA = "llama-cpp-python==0.3.36"       # Compiled here, for this CPU: some ten minutes.
LITESPARK = "litespark-inference==1.0.3"  # Compiled here, in seconds; without torch, which its own runtime does not need.
NODE_LLAMA = "3.22.1"
VOCABULARY = "llama3-tokenizer-js@1.2.0"


def _run(what, command, log, **more):
    """Runs it; a failure is told in the last lines of what it said."""
    print("compare: installing %s" % what, file=sys.stderr, flush=True)
    try:
        with open(log, "w") as file:
            failed = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, **more).returncode != 0
    except FileNotFoundError:
        raise Missing("%s is not installed, which %s needs" % (command[0], what)) from None
    if failed:
        lines = pathlib.Path(log).read_text(errors="replace").strip().splitlines()
        raise Missing("%s cannot be installed; the end of %s:\n  %s" % (what, log, "\n  ".join(lines[-3:])))


class Packages:
    def __init__(self, folder, allowed):
        self.folder, self.allowed = pathlib.Path(folder).resolve(), allowed
        self.python = self.folder / "venv" / "bin" / "python"
        self.node_modules = self.folder / "node" / "node_modules"

    def _check(self, what):
        if not self.allowed:
            raise Missing("%s is not installed in %s, and --no-install was given" % (what, self.folder))
        self.folder.mkdir(parents=True, exist_ok=True)

    def pip(self, package, *options):
        """Installs it into the virtual environment unless it is there."""
        name, version = package.split("==")
        installed = self.python.parents[1] / "lib"
        if list(installed.glob("python*/site-packages/%s-%s.dist-info" % (name.replace("-", "_"), version))):
            return
        self._check(package)
        if not self.python.exists():
            _run("a virtual environment", [sys.executable, "-m", "venv", str(self.python.parents[1])],
                 self.folder / "venv.log")
        _run(package, [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", *options, package],
             self.folder / (name + ".log"), env={**os.environ, "CMAKE_ARGS": "-DLLAVA_BUILD=OFF -DGGML_NATIVE=ON"})

    def npm(self, name, *packages):
        """The folder of `name`, which `packages` bring."""
        if not (self.node_modules / name).is_dir():
            self._check("npm's " + name)
            (self.folder / "node").mkdir(exist_ok=True)
            # The platforms' builds are optional to node-llama-cpp, and large; packages names the one that is wanted.
            _run("npm's " + name, ["npm", "install", "--prefix", str(self.folder / "node"), "--omit=optional", "--no-audit",
                                   "--ignore-scripts", "--no-fund", *packages], self.folder / "npm.log")
        return self.node_modules / name

    def ik(self):
        self.pip(NUMPY)
        self.pip(IK)

    def llama(self):
        self.pip(NUMPY)
        self.pip(LLAMA)

    def litespark(self):
        self.pip(NUMPY)
        self.pip(LITESPARK, "--no-deps")

    def node_llama(self):
        build = {("Linux", "x86_64"): "linux-x64", ("Linux", "aarch64"): "linux-arm64", ("Darwin", "arm64"): "mac-arm64-metal",
                 ("Darwin", "x86_64"): "mac-x64"}.get((platform.system(), platform.machine()))
        if build is None:
            raise Missing("node-llama-cpp has no build for this machine")
        self.npm("node-llama-cpp", "node-llama-cpp@" + NODE_LLAMA, "@node-llama-cpp/%s@%s" % (build, NODE_LLAMA))

    def vocabulary(self):
        self.pip(NUMPY)
        return self.npm("llama3-tokenizer-js", VOCABULARY)

    def quantizer(self):
        """llama-quantize of ik_llama.cpp."""
        self.ik()
        found = list(self.python.parents[1].glob("lib/python*/site-packages/ik_llama_cpp/bin/llama-quantize"))
        if not found:
            raise Missing(IK + " has no llama-quantize here")
        return str(found[0])
