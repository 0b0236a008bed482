"""The project's own source files, for the checks in this folder."""
import os
import subprocess

SKIPPED = {"build", "node_modules", ".git", "__pycache__"}


def sources(root, folders=("",), endings=(".cc", ".h", ".mm", ".metal")):
    """Paths relative to `root`, sorted: what git tracks or would, or everything below `folders` outside a checkout."""
    command = ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if listing.returncode == 0 and listing.stdout:
        paths = [p for p in listing.stdout.decode().split("\0") if p]
    else:
        paths = []
        for folder, subfolders, files in os.walk(root):
            subfolders[:] = [s for s in subfolders if s not in SKIPPED]
            paths += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(p for p in paths if p.endswith(endings) and os.path.isfile(os.path.join(root, p)) and
                  any(not f or p.startswith(f + "/") for f in folders))
