#!/usr/bin/env python3
"""sherpa_turns.py - sherpa-onnx's own pipeline on the two networks. SPDX-License-Identifier: MIT

usage: sherpa_turns.py SEGMENTATION.onnx EMBEDDING.onnx THRESHOLD THREADS OUT_DIR WAV...
(worker.py says what comes out)
"""

import sys
import wave

import worker


def read_samples(path):
    import numpy

    with wave.open(path, "rb") as file:
        frames = file.readframes(file.getnframes())
    return numpy.frombuffer(frames, "<i2").astype(numpy.float32) / 32768.0


def main():
    import sherpa_onnx as sherpa

    segmentation, embedding, threshold, threads = sys.argv[1:5]
    del sys.argv[1:5]
    config = sherpa.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa.OfflineSpeakerSegmentationModelConfig(
            pyannote=sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(model=segmentation),
            num_threads=int(threads)),
        embedding=sherpa.SpeakerEmbeddingExtractorConfig(model=embedding, num_threads=int(threads)),
        clustering=sherpa.FastClusteringConfig(num_clusters=-1, threshold=float(threshold)),
        min_duration_on=0.0, min_duration_off=0.0)
    if not config.validate():
        sys.exit("sherpa-onnx refuses its configuration")
    diarization = sherpa.OfflineSpeakerDiarization(config)

    def diarize(path):
        result = diarization.process(read_samples(path)).sort_by_start_time()
        return [(turn.start, turn.end, f"speaker_{turn.speaker}") for turn in result]

    worker.diarize_files(diarize)


if __name__ == "__main__":
    main()
