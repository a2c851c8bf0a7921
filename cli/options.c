/* options.c - the one table of options.
 * SPDX-License-Identifier: MIT */
#include "options.h"

#include "option_values.h"

#define BIT(command) (1u << (command))
#define ALL (BIT(CLI_NUM_COMMANDS) - 1)
#define SPEAKERS (BIT(CLI_DIARIZE) | BIT(CLI_IDENTIFY))
#define TURNS (SPEAKERS | BIT(CLI_VAD))
#define BATCH (TURNS | BIT(CLI_EMBED))
#define VOICES (BIT(CLI_VERIFY) | BIT(CLI_ENROLL))
#define AUDIO (BATCH | VOICES)
#define HEARD (AUDIO | BIT(CLI_STREAM))
#define MEASURES (BIT(CLI_BENCH) | BIT(CLI_SERVE))

/* A row, whose last arguments are its help and, as initializers, what few options have. */
#define ROW(name_, kind_, field_, commands_, group_, ...)                             \
    {                                                                                 \
        .name = name_, .kind = kind_, .field = offsetof(struct cli_settings, field_), \
        .commands = commands_, .group = group_, .help = __VA_ARGS__                   \
    }
#define FLAG(name, field, commands, group, ...) \
    ROW(name, CLI_FLAG, field, commands, group, __VA_ARGS__)
#define INT(name, field, value_, low, high, commands, group, ...)                        \
    ROW(name, CLI_INT, field, commands, group, __VA_ARGS__, .value = value_, .min = low, \
        .max = high)
#define REAL(name, field, value_, low, high, commands, group, ...)                        \
    ROW(name, CLI_REAL, field, commands, group, __VA_ARGS__, .value = value_, .min = low, \
        .max = high)
#define CHOICE(name, field, choices_, commands, group, ...) \
    ROW(name, CLI_CHOICE, field, commands, group, __VA_ARGS__, .choices = choices_)
#define STRING(name, field, value_, commands, group, ...) \
    ROW(name, CLI_STRING, field, commands, group, __VA_ARGS__, .value = value_)
#define CUSTOM(name, field, value_, parse_, expected_, commands, group, ...)                     \
    ROW(name, CLI_CUSTOM, field, commands, group, __VA_ARGS__, .value = value_, .parse = parse_, \
        .expected = expected_)

/* A setting of the service, also by [serve] and a variable. */
#define SERVE(variable) .configures = BIT(CLI_SERVE), .environment = variable

static const char speakers[] = "Speakers", turns[] = "Turns", input[] = "Input",
                  output[] = "Output", many[] = "Many files", bench[] = "Benchmarks",
                  service[] = "Service", general[] = "General";

const struct cli_option cli_options[] = {
    INT("num-speakers", num_speakers, "N", 1, 10000, SPEAKERS, speakers,
        "exactly N speakers (default: found)"),
    INT("min-speakers", min_speakers, "N", 1, 10000, SPEAKERS, speakers, "at least N speakers"),
    INT("max-speakers", max_speakers, "N", 1, 10000, SPEAKERS, speakers, "at most N speakers"),
    INT("max-speakers", max_speakers, "N", 1, 32, BIT(CLI_STREAM), speakers,
        "tells at most N speakers apart, the known ones counted (default 32)"),
    REAL("cluster-threshold", cluster_threshold, "X", -1, 1, BIT(CLI_STREAM), speakers,
         "the similarity where merging stops (default: the model's)"),
    REAL("cluster-threshold", cluster_threshold, "X", -1, 2, SPEAKERS, speakers,
         "where merging stops (default: the model's): a similarity, -1 to 1; with community-1 a "
         "distance, 0 to 2"),
    CHOICE("exclude-overlap", exclude_overlap, "off|on", SPEAKERS, speakers,
           "know voices only by where one speaker talks (default on)"),
    CHOICE("trunk", trunk, "window|recording", SPEAKERS, speakers,
           "community-1: voices from each window, or from one pass over all (default window)"),

    STRING("profiles", profiles, "DIRECTORY|FILE", SPEAKERS | BIT(CLI_STREAM) | BIT(CLI_SERVE),
           speakers, "names the speakers that are known: profiles that diarist enroll made",
           .configures = SPEAKERS | BIT(CLI_STREAM) | BIT(CLI_SERVE),
           .environment = "DIARIST_PROFILES"),
    STRING("profiles", profiles, "DIRECTORY", BIT(CLI_ENROLL), output,
           "where the profile is, or is to be, as NAME.json (default: here)"),
    REAL("threshold", threshold, "X", -1, 1, SPEAKERS | VOICES | BIT(CLI_LINK) | BIT(CLI_STREAM),
         speakers, "score from which two voices are one person's (default: the model's)"),
    REAL("margin", margin, "X", 0, 2, SPEAKERS, speakers,
         "by which the score must exceed that with anybody else known (default 0.05)"),
    FLAG("force", force, BIT(CLI_ENROLL), speakers,
         "adds samples that do not sound like the others of the profile"),

    CHOICE("preset", preset, "balanced|fast|accurate", TURNS, turns,
           "speed against accuracy (default balanced)", .configures = TURNS),
    CUSTOM("preset", preset, "balanced|accurate", cli_parse_live_preset, "balanced or accurate",
           BIT(CLI_STREAM), turns, "16 bits, or floats (default balanced)"),
    REAL("step", step_s, "SECONDS", 0.5, 10, TURNS, turns,
         "between segmentation windows (default: the preset's)"),
    REAL("min-duration-on", min_duration_on_s, "SECONDS", 0, 60, TURNS, turns,
         "drop shorter turns (default 0)", .configures = TURNS),
    REAL("min-duration-off", min_duration_off_s, "SECONDS", 0, 60, TURNS, turns,
         "fill shorter pauses inside one speaker's talk (default 0)", .configures = TURNS),
    REAL("latency", latency_s, "SECONDS", 0.5, 5, BIT(CLI_STREAM), turns,
         "until what was said is final; more is more accurate and cheaper (default 2)",
         .configures = BIT(CLI_STREAM)),
    REAL("onset", onset, "X", 0, 1, BIT(CLI_VAD), turns,
         "speech begins where its probability is above X (default: where the expected number "
         "of speakers is above 0.5)",
         .configures = BIT(CLI_VAD)),
    REAL("offset", offset, "X", 0, 1, BIT(CLI_VAD), turns,
         "and ends where it is below X (default: the onset; given alone: onset 0.5)",
         .configures = BIT(CLI_VAD)),
    FLAG("live", live, BIT(CLI_VAD), input,
         "listens to standard input and prints ranges as they are known"),
    FLAG("exclusive", exclusive, SPEAKERS | BIT(CLI_CONVERT), turns,
         "one speaker at a time, in formats that hold one view"),

    CUSTOM("channels", channels, "mix|split|N", cli_parse_channels,
           "mix, split or a channel number from 1", TURNS, input,
           "mix all, each on its own, or the N-th alone (default mix)"),
    CUSTOM("channels", channels, "mix|N", cli_parse_channel_number,
           "mix or a channel number from 1", BIT(CLI_EMBED) | VOICES | BIT(CLI_STREAM), input,
           "mix all, or the N-th alone (default mix)"),
    CUSTOM(
        "raw", raw, "FORMAT:RATE:CHANNELS", cli_parse_raw,
        "s16le:RATE:CHANNELS or f32le:RATE:CHANNELS, RATE from 1000 to 768000, CHANNELS from 1 to "
        "64",
        HEARD, input, "input is bare samples: s16le:16000:1, f32le:48000:2"),
    REAL("start", start_s, "SECONDS", 0, 1e9, AUDIO, input,
         "leave out the beginning; times count from there"),
    REAL("duration", duration_s, "SECONDS", 0.001, 1e9, HEARD, input, "read no more than this"),
    STRING("segments", segments, "FILE", BIT(CLI_EMBED) | BIT(CLI_ENROLL), input,
           "who talks when, in any format that convert reads"),
    STRING("speaker", speaker, "LABEL", BIT(CLI_ENROLL), input,
           "who NAME is in --segments (default: its only speaker)"),
    CHOICE("by", by, "file|turn|speaker", BIT(CLI_EMBED), input,
           "one embedding for each (default file; with --segments: speaker)"),
    STRING("from", from, "FORMAT", BIT(CLI_CONVERT), input,
           "format of IN (default: by its content)"),
    STRING("from", from, "FORMAT", BIT(CLI_SCORE), input,
           "format of REF and HYP (default: by their content)"),
    STRING("uem", uem, "PATH", BIT(CLI_SCORE), input,
           "what is scored: a UEM file, or a directory of them"),
    REAL("collar", collar_s, "SECONDS", 0, 3600, BIT(CLI_SCORE), input,
         "not scored on each side of where a turn of REF starts or ends"),
    FLAG("skip-overlap", skip_overlap, BIT(CLI_SCORE), input,
         "does not score where several talk in REF"),

    STRING("format", format, "LIST", TURNS, output,
           "one or more formats, with commas (default rttm)", .letter = 'f', .configures = TURNS),
    CHOICE("format", embed_format, "jsonl|json|csv", BIT(CLI_EMBED), output,
           "output format (default jsonl)", .letter = 'f'),
    CHOICE("format", score_format, "table|json|csv", BIT(CLI_SCORE), output,
           "output format (default table)", .letter = 'f'),
    CHOICE("format", report_format, "text|json", BIT(CLI_VERIFY) | BIT(CLI_LINK) | BIT(CLI_MODELS),
           output, "output format (default text)", .letter = 'f'),
    CHOICE("format", report_format, "text|json|markdown|html", BIT(CLI_BENCH), output,
           "output format (default text); markdown and html: report; markdown: compare",
           .letter = 'f'),
    STRING("format", format, "FORMAT", BIT(CLI_CONVERT), output,
           "format of OUT (default: by its name)", .letter = 'f'),
    CHOICE("format", stream_format, "auto|jsonl|tty|rttm", BIT(CLI_STREAM), output,
           "lines of JSON, lanes on a terminal, or final turns as RTTM (default auto: tty on a "
           "terminal, else jsonl)",
           .letter = 'f'),
    STRING("output", output, "FILE", BIT(CLI_STREAM), output,
           "at the end, what diarize says of all that was heard, in the format that FILE's name "
           "tells",
           .letter = 'o'),
    FLAG("stats", stats, BIT(CLI_STREAM), output,
         "at the end, how long it took and when turns became final, on standard error"),
    STRING(
        "output", output, "PATH", BATCH, output,
        "a file, of --format whatever its name; a directory when it ends in / or there are several "
        "inputs or formats",
        .letter = 'o'),
    STRING("output", output, "FILE", BIT(CLI_ENROLL), output,
           "the profile; samples are added to one that is there (default NAME.json)",
           .letter = 'o'),
    STRING("output", output, "DIRECTORY", BIT(CLI_LINK), output,
           "the files with their new speakers, instead of the table", .letter = 'o'),
    FLAG("scores", scores, BIT(CLI_IDENTIFY), output,
         "instead of turns the scores of each speaker with everybody known, as csv"),
    STRING("output", output, "FILE", BIT(CLI_MODELS), output,
           "import, pull: the model file (default SET.safetensors in the models directory)",
           .letter = 'o'),
    STRING("set", set, "SET", BIT(CLI_MODELS), general, "import: the set to make (community-1)"),
    STRING("mirror", mirror, "URL", BIT(CLI_MODELS), general,
           "pull: the files lie below this URL (default: where they are published)"),
    FLAG("any-hash", any_hash, BIT(CLI_MODELS), general,
         "pull: takes other versions of the files than the known ones"),
    FLAG("embeddings", embeddings, SPEAKERS, output,
         "include speaker embeddings where the format can"),
    STRING("stages", stages, "FILE.npz|DIR/", TURNS, output,
           "also what the stages made: who is active in each window, embeddings, clusters (NPZ for "
           "numpy.load, whatever FILE's name; a directory for several inputs)"),
    FLAG("timing", timing, TURNS, output,
         "how long each stage took: in json, with other formats a line on standard error"),
    FLAG("colors", colors, SPEAKERS | BIT(CLI_CONVERT), output,
         "include a colour per speaker where the format can"),

    STRING("files-from", files_from, "FILE", BATCH | BIT(CLI_LINK), many,
           "more inputs, one path a line (-: standard input)"),
    CUSTOM("shard", shard, "I/N", cli_parse_shard, "I/N with I from 1 to N", BATCH, many,
           "only every N-th input, beginning with the I-th"),
    FLAG("resume", resume, BATCH, many, "leave out inputs whose outputs are there already"),
    INT("jobs", jobs, "N", 1, 256, BATCH, many,
        "N inputs at a time, sharing the threads (default 1)"),

    STRING("datasets-file", datasets_file, "FILE", MEASURES, bench,
           "a JSON list of datasets (default: the folders of --datasets-root)",
           .configures = MEASURES, .environment = "BENCH_DATASETS_FILE"),
    STRING("datasets-root", datasets_root, "DIRECTORY", MEASURES, bench,
           "holds ID/audio, ID/rttm and perhaps ID/uem (default data/datasets; of serve none)",
           .configures = MEASURES, .environment = "BENCH_DATASETS_ROOT"),
    STRING("environments", environments, "DIRECTORY", MEASURES, bench,
           "where systems of others are installed (default data/venvs)", .configures = MEASURES,
           .environment = "BENCH_VENVS_DIR"),
    STRING("systems-file", systems_file, "FILE", MEASURES, bench,
           "a JSON list of systems that specifications may name", .configures = MEASURES,
           .environment = "BENCH_SYSTEMS_FILE"),
    STRING("run-dir", run_dir, "DIRECTORY", BIT(CLI_BENCH), bench,
           "run: its folder; the run that is there goes on (default: a new one in data/runs)"),
    FLAG("retry-failed", retry_failed, BIT(CLI_BENCH), bench, "run: measure again what was not ok"),
    STRING(
        "job-id", job_id, "NAME", BIT(CLI_BENCH), bench,
        "run: what a new run is called in its report (default: made up); publish: the job of the "
        "service at --base-url"),
    FLAG("paced", paced, BIT(CLI_BENCH), bench,
         "run: after each row waits for a byte on standard input, and stops at its end"),
    INT("default-cpu-threads", default_cpu_threads, "N", 1, 1024, 0, NULL,
        "threads of a run that does not say (default: all that this process may use)",
        .configures = MEASURES, .environment = "BENCH_DEFAULT_CPU_THREADS"),
    STRING("audio", audio_dir, "DIRECTORY", BIT(CLI_BENCH), bench,
           "datasets bind: the folder of the recordings"),
    STRING("rttm", rttm_dir, "DIRECTORY", BIT(CLI_BENCH), bench,
           "datasets bind: the folder of the references"),
    STRING("uem", uem_dir, "DIRECTORY", BIT(CLI_BENCH), bench,
           "datasets bind: the folder of the UEM files, where there are any"),
    FLAG("strict", strict, BIT(CLI_BENCH), bench,
         "datasets check: exit code 1 unless every dataset is ready and everything matches"),
    STRING("to", publish_to, "DIRECTORY", BIT(CLI_BENCH), bench,
           "publish: where runs/, latest.json, latest.md and history.csv lie"),
    FLAG("include-internal-fields", internal_fields, BIT(CLI_BENCH), bench,
         "publish: with the host's name, folders and --base-url"),
    STRING("base-url", base_url, "URL", BIT(CLI_BENCH), bench,
           "publish: the service that the report comes from"),
    STRING("api-key", api_key, "KEY", BIT(CLI_BENCH), bench, "publish: the key for --base-url",
           .environment = "BENCH_API_KEY"),

    STRING("listen", listen, "ADDRESS:PORT", BIT(CLI_SERVE), service,
           "where (default 127.0.0.1:8080; port 0: any that is free, which the log tells)",
           SERVE("DIARIST_LISTEN")),
    STRING("data", data, "DIRECTORY", BIT(CLI_SERVE), service,
           "recordings and results (default $XDG_DATA_HOME/diarist/service)",
           SERVE("DIARIST_DATA")),
    INT("max-upload", max_upload_mb, "MB", 1, 1000000, BIT(CLI_SERVE), service,
        "the largest file that is taken (default 2048)", SERVE("DIARIST_MAX_UPLOAD")),
    INT("max-audio", max_audio_s, "SECONDS", 1, 1000000000, BIT(CLI_SERVE), service,
        "the longest recording, decoded (default 86400)", SERVE("DIARIST_MAX_AUDIO")),
    INT("max-queue", max_queue, "N", 1, 1000000, BIT(CLI_SERVE), service,
        "jobs that wait or run at a time; then 429 (default 1000)", SERVE("DIARIST_MAX_QUEUE")),
    INT("idle-time", idle_s, "SECONDS", 1, 3600, BIT(CLI_SERVE), service,
        "a connection on which nothing happens so long is closed (default 30)",
        SERVE("DIARIST_IDLE_TIME")),
    INT("min-rate", min_rate, "BYTES", 0, 1000000, BIT(CLI_SERVE), service,
        "a second that a body must bring, over --idle-time; 0: any (default 100)",
        SERVE("DIARIST_MIN_RATE")),
    INT("max-streams", max_streams, "N", 1, 10000, BIT(CLI_SERVE), service,
        "live streams at a time; then 429 (default 40)", SERVE("DIARIST_MAX_STREAMS")),
    INT("resume-time", resume_s, "SECONDS", 0, 3600, BIT(CLI_SERVE), service,
        "a live stream whose connection broke is kept so long (default 30)",
        SERVE("DIARIST_RESUME_TIME")),
    INT("drain-time", drain_s, "SECONDS", 0, 3600, BIT(CLI_SERVE), service,
        "that running jobs get when the service ends (default 30)", SERVE("DIARIST_DRAIN_TIME")),
    FLAG("speakers", speakers, BIT(CLI_SERVE), service,
         "clients may have known speakers kept: voiceprints, which identify people",
         SERVE("DIARIST_SPEAKERS")),
    STRING("embedding-url", embedding_url, "URL", BIT(CLI_SERVE), service,
           "the service that embeddings fall back on when the model cannot be loaded (default "
           "$SPEAKER_EMBEDDING_URL, or none)",
           SERVE("HOSTED_SPEAKER_EMBEDDING_API_URL")),
    INT("model-retry", model_retry_s, "SECONDS", 1, 86400, BIT(CLI_SERVE), service,
        "until a model that could not be loaded is tried again (default 60)",
        SERVE("DIARIST_MODEL_RETRY")),
    STRING("speaker-embedding-url", speaker_embedding_url, NULL, 0, NULL,
           "the same as --embedding-url, which goes before it", SERVE("SPEAKER_EMBEDDING_URL")),
    CUSTOM("keep", keep_s, "TIME", cli_parse_time, "a number with s, m, h or d behind it",
           BIT(CLI_SERVE), service,
           "jobs that ended longer ago are deleted: 36h, 30d (default: kept until deleted)",
           SERVE("DIARIST_KEEP")),
    STRING("api-keys", api_keys, NULL, 0, NULL, "keys that clients of serve may have, with commas",
           SERVE("DIARIST_API_KEYS")),
    STRING("bench-api-keys", bench_api_keys, NULL, 0, NULL, "more of them, with commas",
           SERVE("BENCH_API_KEYS")),
    STRING("api-key-header", api_key_header, NULL, 0, NULL,
           "the header that clients of serve send a key in (default X-API-Key)",
           .configures = MEASURES, .environment = "BENCH_API_KEY_HEADER"),

    INT("threads", threads, "N", 0, 1024, HEARD | BIT(CLI_SERVE), general,
        "threads; 0: the cores that this process may use (default 0)", .letter = 't',
        .configures = ALL, .environment = "DIARIST_THREADS"),
    STRING("model", model, "NAME|FILE", HEARD | BIT(CLI_LINK) | BIT(CLI_SERVE), general,
           "model set (default: default)", .letter = 'm', .configures = ALL,
           .environment = "DIARIST_MODEL"),
    FLAG("quiet", quiet, ALL, general, "only errors on standard error", .letter = 'q',
         .configures = ALL),
    CHOICE("progress", progress, "auto|tty|json|none", AUDIO | BIT(CLI_BENCH), general,
           "progress on standard error (default auto: on a terminal)", .configures = ALL),
    CHOICE("log-level", log_level, "error|warning|info|debug", ALL, general,
           "how much to say on standard error (default warning; of serve info)", .configures = ALL,
           .environment = "DIARIST_LOG_LEVEL"),
    FLAG("no-config", no_config, ALL, general, "read no config.toml"),
    FLAG("help", help, ALL, general, "this help", .letter = 'h'),
    FLAG("version", version, ALL, general,
         "version, instruction set in use, models with their hashes", .letter = 'V'),

    STRING("models-dir", models_dir, "DIRECTORY", 0, NULL,
           "where NAME.safetensors lies (default $XDG_DATA_HOME/diarist/models)", .configures = ALL,
           .environment = "DIARIST_MODELS_DIR"),
    CHOICE("cpu", cpu, "generic|avx2|avx512|neon|best", 0, NULL,
           "the best instruction set that may be used (default best: any; for tests)",
           .environment = "DIARIST_CPU"),
    FLAG("man", man, ALL, NULL, NULL),
    STRING("completions", completions, "SHELL", ALL, NULL, NULL)};
const size_t cli_num_options = sizeof cli_options / sizeof cli_options[0];
_Static_assert(sizeof cli_options / sizeof cli_options[0] <= CLI_MAX_OPTIONS,
               "settings.origin has a place for every row");
