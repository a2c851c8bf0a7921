#!/usr/bin/env python3
"""pyannote_turns.py - pyannote.audio's diarization pipelines. SPDX-License-Identifier: MIT

Talks as turns.py says. params.model: a pipeline's folder or its name on the hub (default:
community-1; its weights are given out on request, HF_TOKEN is read), or one of diarist's model files
(.safetensors) with params.plda, the folder of the two .npz files of its PLDA. params besides:
num_speakers, min_speakers, max_speakers.

With diarist's model files both programs compute with the same weights, be they random. Batches of 32,
as in the published pipeline."""

import json
import os
import pathlib
import wave

import numpy as np
import torch
from pyannote.audio import Pipeline
from pyannote.audio.core.plda import PLDA
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import WeSpeakerResNet34
from pyannote.audio.models.segmentation import PyanNet
from pyannote.audio.pipelines import SpeakerDiarization

import turns

PUBLISHED = "pyannote/speaker-diarization-community-1"
SPEAKERS = ("num_speakers", "min_speakers", "max_speakers")
FILTERS = "sincnet.conv1d.0.weight"


def read_tensors(path):
    """{name: tensor} of the floats of a .safetensors file."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8: 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length:]
    return {name: torch.from_numpy(np.frombuffer(body[slice(*entry["data_offsets"])], "<f4")
                                   .reshape(entry["shape"]).copy())
            for name, entry in header.items() if entry["dtype"] == "F32"}


def below(tensors, prefix):
    return {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}


def segmentation(tensors):
    """PyanNet; its filters are stored ready, in place of their parameters."""
    model = PyanNet(sincnet={"stride": 10}, lstm={"num_layers": 4, "monolithic": True})
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION, resolution=Resolution.FRAME, duration=10.0,
        classes=["speaker#%d" % i for i in (1, 2, 3)], powerset_max_classes=2,
        permutation_invariant=True)
    model.build()
    weights = below(tensors, "segmentation.")
    filters = torch.nn.Conv1d(1, 80, 251, stride=10, bias=False)
    filters.weight.data = weights.pop(FILTERS).reshape(80, 1, 251)
    model.sincnet.conv1d[0] = filters
    weights = {name: w for name, w in weights.items() if "filterbank" not in name}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    unknown = [name for name in missing if name != FILTERS]
    assert not unexpected and not unknown, (unexpected, unknown)
    return model.eval()


def embedding(tensors):
    model = WeSpeakerResNet34()
    model.specifications = Specifications(problem=Problem.REPRESENTATION,
                                          resolution=Resolution.CHUNK, duration=10.0)
    missing, unexpected = model.resnet.load_state_dict(below(tensors, "embedding.resnet."),
                                                       strict=False)
    unknown = [name for name in missing if not name.endswith("num_batches_tracked")]
    assert not unexpected and not unknown, (unexpected, unknown)
    return model.eval()


def read_wav(path):
    with wave.open(path) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return {"waveform": torch.from_numpy(samples.astype("f4") / 32768)[None], "sample_rate": 16000}


def of_model_file(model, plda):
    """community-1 with the weights of one of diarist's model files."""
    if not plda:
        raise turns.Unavailable("params.plda is missing: the folder of xvec_transform.npz and plda.npz")
    tensors, folder = read_tensors(model), pathlib.Path(plda)
    pipeline = SpeakerDiarization(
        segmentation=segmentation(tensors), segmentation_step=0.1, embedding=embedding(tensors),
        embedding_exclude_overlap=True, clustering="VBxClustering",
        plda=PLDA(folder / "xvec_transform.npz", folder / "plda.npz"), embedding_batch_size=32,
        segmentation_batch_size=32)
    pipeline.instantiate(pipeline.default_parameters())
    return pipeline


def published(model):
    try:
        pipeline = Pipeline.from_pretrained(model, token=os.environ.get("HF_TOKEN"))
    except Exception as failure:
        raise turns.Unavailable(f"the weights of {model} cannot be had ({type(failure).__name__}); give "
                                "their folder as params.model, or HF_TOKEN") from failure
    if pipeline is None:
        raise turns.Unavailable(f"the weights of {model} cannot be had; give their folder as "
                                "params.model, or HF_TOKEN of an account that may have them")
    return pipeline


def load(start):
    params = start["params"]
    torch.set_num_threads(start["threads"])
    model = params.get("model", PUBLISHED)
    if model.endswith(".safetensors"):
        pipeline = of_model_file(model, params.get("plda"))
    else:
        pipeline = published(model)
    speakers = {name: params[name] for name in SPEAKERS if name in params}

    def diarize(path):
        found = pipeline(read_wav(path), **speakers)
        found = getattr(found, "speaker_diarization", found)
        return [(turn.start, turn.end, speaker)
                for turn, _, speaker in found.itertracks(yield_label=True)]

    return diarize


if __name__ == "__main__":
    turns.serve(load)
