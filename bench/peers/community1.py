"""community1.py - community-1 beside pyannote.audio, both with the same weights, those of ResNet34
random. SPDX-License-Identifier: MIT

What is compared is work, and turns: with the same weights both programs must find the same. The
column for the error holds how far diarist's turns are from pyannote.audio's.
"""

import pathlib
import sys

import environments
import recordings
import systems

EXCERPT_S, QUICK_S = 600, 20
PLDA = recordings.DATA.parent / "models" / "plda"


def make_model(default_model, folder):
    """A model file as the tests make it."""
    sys.path.insert(0, str(recordings.ROOT / "tests" / "community1"))
    import make_model as maker

    path = pathlib.Path(folder) / "community-1.safetensors"
    maker.write(path, pathlib.Path(default_model), PLDA, maker.resnet34())
    return path


def pyannote(model):
    return systems.peer("pyannote", "pyannote_turns.py",
                        lambda _: {"params": {"model": str(model), "plda": str(PLDA)}})


def differences(found, file, work, peer):
    """Adds to what was found how far its turns are from the peer's, in percent of the speech."""
    sys.path.insert(0, str(recordings.ACCURACY))
    import scoring
    from pyannote.core import Annotation

    def turns(name):
        read = scoring.read_rttm(systems.folder_of(work, name) / f"{file.name}.rttm")
        return next(iter(read.values()), Annotation())

    if isinstance(found.get(peer, environments.Unavailable()), environments.Unavailable):
        return
    for name, values in found.items():
        if isinstance(values, environments.Unavailable):
            continue
        hypothesis, reference = turns(name), turns(peer)
        extent = scoring.extent(reference, hypothesis)
        values["der"] = scoring.percentages(scoring.score(reference, hypothesis, extent, 0.0))[0]
        values["speakers"] = len(hypothesis.labels())
        values["true_speakers"] = len(reference.labels())


def measure(program, default_model, path, runs, quick, work, is_wanted):
    """A function that gives (subject, {system: values}); comparing comes after all measuring."""
    work = pathlib.Path(work) / "community1"
    work.mkdir()
    model = make_model(default_model, work)
    file = recordings.prepare(path, work, QUICK_S if quick else EXCERPT_S)
    peer = environments.version("pyannote")
    every = {f"diarist {preset}": systems.diarist(program, preset, "--model", model)
             for preset in systems.PRESETS}
    every["diarist balanced, one pass"] = systems.diarist(program, "balanced", "--model", model,
                                                          "--trunk", "recording")
    every[peer] = pyannote(model)
    every = {name: system for name, system in every.items() if is_wanted(name)}
    found = systems.measure(every, [file], runs, work)

    def compare():
        differences(found, file, work, peer)
        return f"{file.title} ({file.seconds():.0f} s)", found

    return compare
