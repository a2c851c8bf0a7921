#!/usr/bin/env python3
"""sherpa_turns.py - sherpa-onnx's own pipeline on two networks. SPDX-License-Identifier: MIT

Talks as turns.py says. The networks are those of sherpa_networks.py in the folder `networks`, or
params.segmentation_model and params.embedding_model. params besides: num_speakers,
cluster_threshold, min_duration_on_s, min_duration_off_s.
"""

import pathlib
import wave

import turns

# The best of 0.5 (sherpa-onnx's default), 0.6 and 0.7 on five simulated conversations.
CLUSTER_THRESHOLD = 0.6


def read_samples(path):
    import numpy

    with wave.open(path, "rb") as file:
        frames = file.readframes(file.getnframes())
    return numpy.frombuffer(frames, "<i2").astype(numpy.float32) / 32768.0


def load(start):
    import sherpa_onnx as sherpa

    params, threads = start["params"], start["threads"]
    folder = pathlib.Path(start["networks"] or ".")
    segmentation = params.get("segmentation_model", str(folder / "segmentation.onnx"))
    embedding = params.get("embedding_model", str(folder / "campplus.onnx"))
    config = sherpa.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa.OfflineSpeakerSegmentationModelConfig(
            pyannote=sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(model=segmentation),
            num_threads=threads),
        embedding=sherpa.SpeakerEmbeddingExtractorConfig(model=embedding, num_threads=threads),
        clustering=sherpa.FastClusteringConfig(
            num_clusters=params.get("num_speakers", -1),
            threshold=params.get("cluster_threshold", CLUSTER_THRESHOLD)),
        min_duration_on=params.get("min_duration_on_s", 0.0),
        min_duration_off=params.get("min_duration_off_s", 0.0))
    if not config.validate():
        raise turns.Unavailable("sherpa-onnx refuses its configuration; are the networks there?")
    diarization = sherpa.OfflineSpeakerDiarization(config)

    def diarize(path):
        result = diarization.process(read_samples(path)).sort_by_start_time()
        return [(turn.start, turn.end, f"speaker_{turn.speaker}") for turn in result]

    return diarize


if __name__ == "__main__":
    turns.serve(load)
