"""pyannote_turns.py - pyannote.audio's community-1 with the weights of one of diarist's model files.
SPDX-License-Identifier: MIT

usage: pyannote_turns.py MODEL.safetensors PLDA_FOLDER THREADS OUT_DIR WAV...   (worker.py says what
                                                                                comes out)

The published ResNet34 cannot be had everywhere: MODEL may hold random weights, with which both
programs do the same work. Batches of 32, as in the published pipeline."""

import json
import pathlib
import sys
import wave

import numpy as np
import torch
from pyannote.audio.core.plda import PLDA
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import WeSpeakerResNet34
from pyannote.audio.models.segmentation import PyanNet
from pyannote.audio.pipelines import SpeakerDiarization

import worker

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


def main():
    model, plda, threads = sys.argv[1:4]
    del sys.argv[1:4]
    torch.set_num_threads(int(threads))
    tensors, folder = read_tensors(model), pathlib.Path(plda)
    pipeline = SpeakerDiarization(
        segmentation=segmentation(tensors), segmentation_step=0.1, embedding=embedding(tensors),
        embedding_exclude_overlap=True, clustering="VBxClustering",
        plda=PLDA(folder / "xvec_transform.npz", folder / "plda.npz"), embedding_batch_size=32,
        segmentation_batch_size=32)
    pipeline.instantiate(pipeline.default_parameters())

    def diarize(path):
        found = pipeline(read_wav(path)).speaker_diarization.itertracks(yield_label=True)
        return [(turn.start, turn.end, speaker) for turn, _, speaker in found]

    worker.diarize_files(diarize)


main()
