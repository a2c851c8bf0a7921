/* commands.c - the one table of commands.
 * SPDX-License-Identifier: MIT */
#include "commands.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "outputs.h"

const struct cli_command_info cli_commands[CLI_NUM_COMMANDS] = {
    [CLI_DIARIZE] =
        {"diarize", "FILE...", "who spoke when",
         "Says who spoke when in each FILE, of any kind of audio or video; - is standard input. "
         "A recording without speech is a result too: no speakers, an empty RTTM.\n"
         "The word diarize may be left out: diarist FILE... does the same.",
         cli_run_diarize},
    [CLI_VAD] =
        {"vad", "FILE... | --live [-]", "where there is speech",
         "Finds speech in each FILE. Turns are labelled SPEECH.\n"
         "With --live it listens to samples on standard input (--raw; without it s16le:16000:1 or "
         "a WAV file) and prints each range as soon as its end is known, a JSON object a line: "
         "start, end, and at, the seconds that had been heard then. Defaults: --step 2.5 --onset "
         "0.5 --offset 0.357, or the onset where that is lower. SIGINT ends it as the end of the "
         "input does, with exit code 130.",
         cli_run_vad},
    [CLI_EMBED] =
        {"embed", "FILE...", "speaker embeddings",
         "Prints what the voice in each FILE sounds like, as a list of numbers (of unit length) "
         "that are near each other for one speaker: for the whole file, or with --segments for "
         "each turn or speaker of a diarization. seconds is the speech that went into it; where "
         "there was too little, embedding is null (in csv: empty).",
         cli_run_embed},
    [CLI_VERIFY] =
        {"verify", "A B", "is it the same speaker?",
         "Compares the voices in two recordings: prints the score, the verdict (same, different) "
         "and the threshold. A model without a threshold leaves it undecided unless --threshold "
         "is given. The exit code is 0 for any verdict.",
         cli_run_verify},
    [CLI_ENROLL] =
        {"enroll", "NAME FILE...", "makes a speaker known",
         "Adds a sample of a voice from each FILE to the profile of NAME, or begins it: a JSON "
         "file with an embedding for each sample, by which identify and diarize --profiles know "
         "the person again. Several samples, of different days and rooms, are better than one.\n"
         "A FILE with less than 2 s of speech is refused, and one in which several people talk, "
         "unless --segments says when it is NAME; so is a sample that does not sound like those of "
         "the profile, without --force, and a profile of another model. Then nothing is written.\n"
         "A profile identifies a person: keep it as carefully as a photograph.",
         cli_run_enroll},
    [CLI_IDENTIFY] =
        {"identify", "FILE... --profiles DIRECTORY", "who spoke when, by name",
         "Diarizes each FILE and names the speakers whose profiles are in --profiles. A speaker is "
         "the known one with the highest score (cosine of embeddings), if that is at least "
         "--threshold and exceeds the score with anybody else known by --margin; everybody else "
         "stays SPEAKER_00, .... In one recording a name is given to one speaker: the one with the "
         "highest score. Where a format has one label, that is the name.",
         cli_run_identify},
    [CLI_LINK] =
        {"link", "A.json B.json...", "the same speakers across recordings",
         "Reads diarizations in JSON that have embeddings (diarist -f json --embeddings), all of "
         "one model, and finds out who of them is the same person: speakers are put together while "
         "the mean score between two people's is at least --threshold; speakers of one recording "
         "stay different people, those of one name are one. Prints who is who, or with --output "
         "writes the files with speakers that are called alike in all of them. The order of the "
         "files does not matter.",
         cli_run_link},
    [CLI_CONVERT] =
        {"convert", "IN OUT", "between diarization formats",
         "Reads a diarization and writes it in another format; - is standard input or output. "
         "When OUT ends in /, each recording of IN gets a file of its own in that directory.",
         cli_run_convert},
    [CLI_MODELS] =
        {"models",
         "list | info [NAME|FILE]... | verify [NAME|FILE]... | import --set SET DIR | pull SET",
         "model files",
         "list names the models that are there, info describes one (default: the default model), "
         "verify reads one through and compares its SHA-256 with FILE.sha256 when that is there.\n"
         "import makes the model file of a set (community-1) from the files that its authors "
         "publish, in a folder DIR. Names looked for there, the first found of each kind: "
         "segmentation/pytorch_model.bin, segmentation-3.0/pytorch_model.bin, "
         "pyannote_segmentation_3.0/pytorch_model.bin, segmentation.bin, segmentation/model.onnx, "
         "segmentation-3.0.onnx, pyannote-segmentation-3.0.onnx, segmentation.onnx; "
         "embedding/pytorch_model.bin, wespeaker-voxceleb-resnet34-LM/pytorch_model.bin, "
         "embedding.bin, wespeaker_resnet34_lm.onnx, wespeaker-voxceleb-resnet34-LM.onnx, "
         "wespeaker-voxceleb-resnet34.onnx, voxceleb_resnet34_LM.onnx, "
         "wespeaker_en_voxceleb_resnet34_LM.onnx, embedding/model.onnx, speaker-embedding.onnx, "
         "embedding.onnx; plda/plda.npz, plda.npz; plda/xvec_transform.npz, xvec_transform.npz.\n"
         "pull gets those files over the network, compares them with the known SHA-256 of each, "
         "imports them and deletes them; what an interrupted one has got is used by the next.",
         cli_run_models},
    [CLI_SCORE] =
        {"score", "REF HYP", "how right a diarization is: DER, JER, number of speakers",
         "Compares diarizations HYP with references REF: a file in any format that convert reads, "
         "with one or many recordings; a directory, for its .rttm files (or else those of the "
         "other formats); @LIST, for the paths in a file, one a line. Recordings are matched by "
         "their ids; two files with one recording each, of which not both name it, belong "
         "together. What is on one side only is counted as missed, or reported as not counted.\n"
         "Without --collar and --skip-overlap twice: everything scored, and with a collar of 0.25 "
         "s "
         "and no overlap. Without --uem all from the first turn of either side to the last. "
         "docs/scoring.md has the definitions.",
         cli_run_score},
    [CLI_BENCH] =
        {"bench",
         "datasets list | check [ID]... | init | bind ID | prepare CORPUS SOURCE, systems, "
         "spec SPEC, run SPEC, report RUN, compare REPORT..., publish REPORT, scan FOLDER",
         "diarization systems on datasets, measured alike",
         "datasets list names the datasets of --datasets-file or of the folders of "
         "--datasets-root. check says of each whether its folders are there and which recordings "
         "and references belong together; with --strict the exit code is 1 unless all do. init "
         "makes the folders audio and rttm of every known dataset. bind links folders of yours "
         "into a dataset. prepare fills one from a corpus (aishell4, alimeeting, voxconverse) as "
         "its authors publish it: a folder, or an archive (tar, tar.gz, zip).\n"
         "systems names the systems that can be run. run measures those of a specification on its "
         "dataset (JSON, docs/benchmark.md; - is standard input), writes down each recording as "
         "it is done and the report at the end, and prints where that is; with the --run-dir of a "
         "run that was stopped it goes on. The exit code is 1 when a row of this call is not ok. "
         "spec only "
         "checks it, and prints it with every default.\n"
         "report makes report.json, report.md and report.html in the folder of a run; with "
         "--format it prints one of them instead. compare takes two or more reports (report.json, "
         "a publication, the folder of a run) of the same recordings, and says how far their "
         "systems lie apart and how sure that is. publish puts a "
         "report into the folder --to, without what is internal, unless something in it looks like "
         "a secret; scan looks for such things in any folder, and its exit code is 1 when there "
         "are any.",
         cli_run_bench},
    [CLI_STREAM] =
        {"stream", "[-]", "who speaks, while they speak",
         "Listens to samples on standard input (--raw; without it s16le:16000:1 or a WAV file) and "
         "prints what it knows as soon as it does: ffmpeg -re -i FILE -f s16le -ac 1 -ar 16000 - | "
         "diarist stream. On a terminal the last minute is drawn, a lane for each speaker; "
         "otherwise each event is a JSON object on a line of its own "
         "(docs/schema/diarist-stream-1.schema.json).\n"
         "Of a turn come turn.start, any number of turn.update, and turn.final or turn.dropped at "
         "the end. Speakers keep their numbers; when two turn out to be one, speaker.merged says "
         "so (in RTTM a comment). With --profiles those who are known go by their names. With "
         "--output the whole is diarized beside it as diarize does, "
         "whose speakers have numbers of their own. SIGINT and SIGTERM end it as the end of the "
         "input does, with exit code 130.",
         cli_run_stream},
    [CLI_SERVE] =
        {"serve", "", "diarization over HTTP",
         "Takes recordings on POST /v1/diarizations, diarizes as many at a time as there are "
         "threads, and keeps them and their results in --data until they are deleted; "
         "docs/service.md has every path. "
         "What was accepted survives the end of the program, whatever ended it.\n"
         "Keys that clients must send come from DIARIST_API_KEYS, with commas between them; "
         "without any, only this machine is served. The log goes to standard error, a line of JSON "
         "for each event (--log-level, by default info). SIGINT and SIGTERM end the service once "
         "the "
         "jobs that run are done, or after --drain-time, when they go back to the queue; a second "
         "one ends it at once.",
         cli_run_serve},
};

int cli_finish_stdout(void) {
    if (!fflush(stdout) && !ferror(stdout))
        return 0;
    int wrong = errno;
    if (cli_reader_has_gone())
        return 0;
    cli_error("standard output", "cannot be written: %s; give it room", strerror(wrong));
    return CLI_EXIT_SOME_FAILED;
}
