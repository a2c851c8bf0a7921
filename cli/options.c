/* options.c - the one table of options.
 * SPDX-License-Identifier: MIT */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(command) (1u << (command))
#define ALL (BIT(CLI_NUM_COMMANDS) - 1)
#define TURNS (BIT(CLI_DIARIZE) | BIT(CLI_VAD))
#define BATCH (TURNS | BIT(CLI_EMBED))
#define AUDIO (BATCH | BIT(CLI_VERIFY))
#define FIELD(member) offsetof(struct cli_settings, member)

/* A whole number without sign, spaces or anything else around it. */
static int parse_whole(const char *text, double min, double max, int32_t *out) {
    if (!*text || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
        return -1;
    long value = strtol(text, NULL, 10);
    if ((double)value < min || (double)value > max)
        return -1;
    *out = (int32_t)value;
    return 0;
}

static int parse_real(const char *text, double min, double max, double *out) {
    char *end;
    /* strtod would also take spaces, "inf", "nan" and hexadecimal. */
    if (!*text || strspn(text, "0123456789.+-eE") != strlen(text))
        return -1;
    double value = strtod(text, &end);
    if (*end || !isfinite(value) || value < min || value > max)
        return -1;
    *out = value;
    return 0;
}

static int parse_channel_number(void *field, const char *text) {
    if (!strcmp(text, "mix")) {
        *(int32_t *)field = 0;
        return 0;
    }
    return parse_whole(text, 1, 1024, field);
}

static int parse_channels(void *field, const char *text) {
    if (!strcmp(text, "split")) {
        *(int32_t *)field = CLI_CHANNELS_SPLIT;
        return 0;
    }
    return parse_channel_number(field, text);
}

static int parse_shard(void *field, const char *text) {
    int32_t *shard = field;
    const char *slash = strchr(text, '/');
    char first[16];
    if (!slash || (size_t)(slash - text) >= sizeof first)
        return -1;
    memcpy(first, text, (size_t)(slash - text));
    first[slash - text] = 0;
    if (parse_whole(slash + 1, 1, 999999999, &shard[1]))
        return -1;
    return parse_whole(first, 1, shard[1], &shard[0]);
}

/* "s16le:16000:1"; the text itself is what the library takes. */
static int parse_raw(void *field, const char *text) {
    char rate[16], channels[16];
    int32_t value;
    int used = 0;
    if (strncmp(text, "s16le:", 6) && strncmp(text, "f32le:", 6))
        return -1;
    if (sscanf(text + 6, "%15[0-9]:%15[0-9]%n", rate, channels, &used) != 2 || text[6 + used])
        return -1;
    if (parse_whole(rate, 1, 999999999, &value) || parse_whole(channels, 1, 1024, &value))
        return -1;
    *(const char **)field = text;
    return 0;
}

static const char speakers[] = "Speakers", turns[] = "Turns", input[] = "Input",
                  output[] = "Output", many[] = "Many files", bench[] = "Benchmarks",
                  general[] = "General";

const struct cli_option cli_options[] = {
    {.name = "num-speakers",
     .kind = CLI_INT,
     .field = FIELD(num_speakers),
     .value = "N",
     .min = 1,
     .max = 10000,
     .commands = BIT(CLI_DIARIZE),
     .group = speakers,
     .help = "exactly N speakers (default: found)"},
    {.name = "min-speakers",
     .kind = CLI_INT,
     .field = FIELD(min_speakers),
     .value = "N",
     .min = 1,
     .max = 10000,
     .commands = BIT(CLI_DIARIZE),
     .group = speakers,
     .help = "at least N speakers"},
    {.name = "max-speakers",
     .kind = CLI_INT,
     .field = FIELD(max_speakers),
     .value = "N",
     .min = 1,
     .max = 10000,
     .commands = BIT(CLI_DIARIZE),
     .group = speakers,
     .help = "at most N speakers"},
    {.name = "cluster-threshold",
     .kind = CLI_REAL,
     .field = FIELD(cluster_threshold),
     .value = "X",
     .min = -1,
     .max = 1,
     .commands = BIT(CLI_DIARIZE),
     .group = speakers,
     .help = "similarity at which speakers are no longer merged (default: the model's)"},
    {.name = "exclude-overlap",
     .kind = CLI_CHOICE,
     .field = FIELD(exclude_overlap),
     .choices = "off|on",
     .commands = BIT(CLI_DIARIZE),
     .group = speakers,
     .help = "know voices only by where one speaker talks (default on)"},

    {.name = "preset",
     .kind = CLI_CHOICE,
     .field = FIELD(preset),
     .choices = "balanced|fast|accurate",
     .commands = TURNS,
     .configures = TURNS,
     .group = turns,
     .help = "speed against accuracy (default balanced)"},
    {.name = "step",
     .kind = CLI_REAL,
     .field = FIELD(step_s),
     .value = "SECONDS",
     .min = 0.5,
     .max = 10,
     .commands = TURNS,
     .group = turns,
     .help = "between segmentation windows (default: the preset's)"},
    {.name = "min-duration-on",
     .kind = CLI_REAL,
     .field = FIELD(min_duration_on_s),
     .value = "SECONDS",
     .min = 0,
     .max = 3600,
     .commands = TURNS,
     .configures = TURNS,
     .group = turns,
     .help = "drop shorter turns (default 0)"},
    {.name = "min-duration-off",
     .kind = CLI_REAL,
     .field = FIELD(min_duration_off_s),
     .value = "SECONDS",
     .min = 0,
     .max = 3600,
     .commands = TURNS,
     .configures = TURNS,
     .group = turns,
     .help = "fill shorter pauses inside one speaker's talk (default 0)"},
    {.name = "onset",
     .kind = CLI_REAL,
     .field = FIELD(onset),
     .value = "X",
     .min = 0,
     .max = 1,
     .commands = BIT(CLI_VAD),
     .configures = BIT(CLI_VAD),
     .group = turns,
     .help = "speech begins where its probability is above X (default: where the expected number "
             "of speakers is above 0.5)"},
    {.name = "offset",
     .kind = CLI_REAL,
     .field = FIELD(offset),
     .value = "X",
     .min = 0,
     .max = 1,
     .commands = BIT(CLI_VAD),
     .configures = BIT(CLI_VAD),
     .group = turns,
     .help = "and ends where it is below X (default: the onset; given alone: onset 0.5)"},
    {.name = "exclusive",
     .kind = CLI_FLAG,
     .field = FIELD(exclusive),
     .commands = BIT(CLI_DIARIZE) | BIT(CLI_CONVERT),
     .group = turns,
     .help = "one speaker at a time, in formats that hold one view"},

    {.name = "channels",
     .kind = CLI_CUSTOM,
     .field = FIELD(channels),
     .value = "mix|split|N",
     .parse = parse_channels,
     .expected = "mix, split or a channel number from 1",
     .commands = TURNS,
     .group = input,
     .help = "mix all, each on its own, or the N-th alone (default mix)"},
    {.name = "channels",
     .kind = CLI_CUSTOM,
     .field = FIELD(channels),
     .value = "mix|N",
     .parse = parse_channel_number,
     .expected = "mix or a channel number from 1",
     .commands = BIT(CLI_EMBED) | BIT(CLI_VERIFY),
     .group = input,
     .help = "mix all, or the N-th alone (default mix)"},
    {.name = "raw",
     .kind = CLI_CUSTOM,
     .field = FIELD(raw),
     .value = "FORMAT:RATE:CHANNELS",
     .parse = parse_raw,
     .expected = "s16le:RATE:CHANNELS or f32le:RATE:CHANNELS",
     .commands = AUDIO,
     .group = input,
     .help = "input is bare samples: s16le:16000:1, f32le:48000:2"},
    {.name = "start",
     .kind = CLI_REAL,
     .field = FIELD(start_s),
     .value = "SECONDS",
     .min = 0,
     .max = 1e9,
     .commands = AUDIO,
     .group = input,
     .help = "leave out the beginning; times count from there"},
    {.name = "duration",
     .kind = CLI_REAL,
     .field = FIELD(duration_s),
     .value = "SECONDS",
     .min = 0.001,
     .max = 1e9,
     .commands = AUDIO,
     .group = input,
     .help = "read no more than this"},
    {.name = "segments",
     .kind = CLI_STRING,
     .field = FIELD(segments),
     .value = "FILE",
     .commands = BIT(CLI_EMBED),
     .group = input,
     .help = "turns to embed, in any format that convert reads"},
    {.name = "by",
     .kind = CLI_CHOICE,
     .field = FIELD(by),
     .choices = "file|turn|speaker",
     .commands = BIT(CLI_EMBED),
     .group = input,
     .help = "one embedding for each (default file; with --segments: speaker)"},
    {.name = "from",
     .kind = CLI_STRING,
     .field = FIELD(from),
     .value = "FORMAT",
     .commands = BIT(CLI_CONVERT),
     .group = input,
     .help = "format of IN (default: by its content)"},
    {.name = "from",
     .kind = CLI_STRING,
     .field = FIELD(from),
     .value = "FORMAT",
     .commands = BIT(CLI_SCORE),
     .group = input,
     .help = "format of REF and HYP (default: by their content)"},
    {.name = "uem",
     .kind = CLI_STRING,
     .field = FIELD(uem),
     .value = "PATH",
     .commands = BIT(CLI_SCORE),
     .group = input,
     .help = "what is scored: a UEM file, or a directory of them"},
    {.name = "collar",
     .kind = CLI_REAL,
     .field = FIELD(collar_s),
     .value = "SECONDS",
     .min = 0,
     .max = 3600,
     .commands = BIT(CLI_SCORE),
     .group = input,
     .help = "not scored on each side of where a turn of REF starts or ends"},
    {.name = "skip-overlap",
     .kind = CLI_FLAG,
     .field = FIELD(skip_overlap),
     .commands = BIT(CLI_SCORE),
     .group = input,
     .help = "does not score where several talk in REF"},

    {.name = "format",
     .letter = 'f',
     .kind = CLI_STRING,
     .field = FIELD(format),
     .value = "LIST",
     .commands = TURNS,
     .configures = TURNS,
     .group = output,
     .help = "one or more formats, with commas (default rttm)"},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .field = FIELD(embed_format),
     .choices = "jsonl|json|csv",
     .commands = BIT(CLI_EMBED),
     .group = output,
     .help = "output format (default jsonl)"},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .field = FIELD(score_format),
     .choices = "table|json|csv",
     .commands = BIT(CLI_SCORE),
     .group = output,
     .help = "output format (default table)"},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .field = FIELD(report_format),
     .choices = "text|json",
     .commands = BIT(CLI_VERIFY) | BIT(CLI_MODELS),
     .group = output,
     .help = "output format (default text)"},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .field = FIELD(report_format),
     .choices = "text|json|markdown|html",
     .commands = BIT(CLI_BENCH),
     .group = output,
     .help = "output format (default text); markdown and html: report; markdown: compare"},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_STRING,
     .field = FIELD(format),
     .value = "FORMAT",
     .commands = BIT(CLI_CONVERT),
     .group = output,
     .help = "format of OUT (default: by its name)"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_STRING,
     .field = FIELD(output),
     .value = "PATH",
     .commands = BATCH,
     .group = output,
     .help = "a file; a directory when it ends in / or there are several inputs or formats"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_STRING,
     .field = FIELD(output),
     .value = "FILE",
     .commands = BIT(CLI_MODELS),
     .group = output,
     .help = "import, pull: the model file (default SET.safetensors in the models directory)"},
    {.name = "set",
     .kind = CLI_STRING,
     .field = FIELD(set),
     .value = "SET",
     .commands = BIT(CLI_MODELS),
     .group = general,
     .help = "import: the set to make (community-1)"},
    {.name = "mirror",
     .kind = CLI_STRING,
     .field = FIELD(mirror),
     .value = "URL",
     .commands = BIT(CLI_MODELS),
     .group = general,
     .help = "pull: the files lie below this URL (default: where they are published)"},
    {.name = "any-hash",
     .kind = CLI_FLAG,
     .field = FIELD(any_hash),
     .commands = BIT(CLI_MODELS),
     .group = general,
     .help = "pull: takes other versions of the files than the known ones"},
    {.name = "embeddings",
     .kind = CLI_FLAG,
     .field = FIELD(embeddings),
     .commands = BIT(CLI_DIARIZE),
     .group = output,
     .help = "include speaker embeddings where the format can"},
    {.name = "timing",
     .kind = CLI_FLAG,
     .field = FIELD(timing),
     .commands = TURNS,
     .group = output,
     .help = "how long each stage took: in json, with other formats a line on standard error"},
    {.name = "colors",
     .kind = CLI_FLAG,
     .field = FIELD(colors),
     .commands = BIT(CLI_DIARIZE) | BIT(CLI_CONVERT),
     .group = output,
     .help = "include a colour per speaker where the format can"},
    {.name = "threshold",
     .kind = CLI_REAL,
     .field = FIELD(threshold),
     .value = "X",
     .min = -1,
     .max = 1,
     .commands = BIT(CLI_VERIFY),
     .group = output,
     .help = "score from which two voices are one (default: the model's)"},

    {.name = "files-from",
     .kind = CLI_STRING,
     .field = FIELD(files_from),
     .value = "FILE",
     .commands = BATCH,
     .group = many,
     .help = "more inputs, one path a line (-: standard input)"},
    {.name = "shard",
     .kind = CLI_CUSTOM,
     .field = FIELD(shard),
     .value = "I/N",
     .parse = parse_shard,
     .expected = "I/N with I from 1 to N",
     .commands = BATCH,
     .group = many,
     .help = "only every N-th input, beginning with the I-th"},
    {.name = "resume",
     .kind = CLI_FLAG,
     .field = FIELD(resume),
     .commands = BATCH,
     .group = many,
     .help = "leave out inputs whose outputs are there already"},
    {.name = "jobs",
     .kind = CLI_INT,
     .field = FIELD(jobs),
     .value = "N",
     .min = 1,
     .max = 256,
     .commands = BATCH,
     .group = many,
     .help = "N inputs at a time, sharing the threads (default 1)"},

    {.name = "datasets-file",
     .kind = CLI_STRING,
     .field = FIELD(datasets_file),
     .value = "FILE",
     .commands = BIT(CLI_BENCH),
     .configures = BIT(CLI_BENCH),
     .environment = "BENCH_DATASETS_FILE",
     .group = bench,
     .help = "a JSON list of datasets (default: the folders of --datasets-root)"},
    {.name = "datasets-root",
     .kind = CLI_STRING,
     .field = FIELD(datasets_root),
     .value = "DIRECTORY",
     .commands = BIT(CLI_BENCH),
     .configures = BIT(CLI_BENCH),
     .environment = "BENCH_DATASETS_ROOT",
     .group = bench,
     .help = "holds ID/audio, ID/rttm and perhaps ID/uem (default data/datasets)"},
    {.name = "environments",
     .kind = CLI_STRING,
     .field = FIELD(environments),
     .value = "DIRECTORY",
     .commands = BIT(CLI_BENCH),
     .configures = BIT(CLI_BENCH),
     .environment = "BENCH_VENVS_DIR",
     .group = bench,
     .help = "where systems of others are installed (default data/venvs)"},
    {.name = "default-cpu-threads",
     .kind = CLI_INT,
     .field = FIELD(default_cpu_threads),
     .value = "N",
     .min = 1,
     .max = 1024,
     .configures = BIT(CLI_BENCH),
     .environment = "BENCH_DEFAULT_CPU_THREADS",
     .help = "threads of a run that does not say (default: all that this process may use)"},
    {.name = "audio",
     .kind = CLI_STRING,
     .field = FIELD(audio_dir),
     .value = "DIRECTORY",
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "datasets bind: the folder of the recordings"},
    {.name = "rttm",
     .kind = CLI_STRING,
     .field = FIELD(rttm_dir),
     .value = "DIRECTORY",
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "datasets bind: the folder of the references"},
    {.name = "uem",
     .kind = CLI_STRING,
     .field = FIELD(uem_dir),
     .value = "DIRECTORY",
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "datasets bind: the folder of the UEM files, where there are any"},
    {.name = "strict",
     .kind = CLI_FLAG,
     .field = FIELD(strict),
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "datasets check: exit code 1 unless every dataset is ready and everything matches"},
    {.name = "to",
     .kind = CLI_STRING,
     .field = FIELD(publish_to),
     .value = "DIRECTORY",
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "publish: where runs/, latest.json, latest.md and history.csv lie"},
    {.name = "include-internal-fields",
     .kind = CLI_FLAG,
     .field = FIELD(internal_fields),
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "publish: with the host's name, folders and --base-url"},
    {.name = "base-url",
     .kind = CLI_STRING,
     .field = FIELD(base_url),
     .value = "URL",
     .commands = BIT(CLI_BENCH),
     .group = bench,
     .help = "publish: the server that the report came from"},

    {.name = "threads",
     .letter = 't',
     .kind = CLI_INT,
     .field = FIELD(threads),
     .value = "N",
     .min = 0,
     .max = 1024,
     .commands = AUDIO,
     .configures = ALL,
     .environment = "DIARIST_THREADS",
     .group = general,
     .help = "threads; 0: the cores that this process may use (default 0)"},
    {.name = "model",
     .letter = 'm',
     .kind = CLI_STRING,
     .field = FIELD(model),
     .value = "NAME|FILE",
     .commands = AUDIO,
     .configures = ALL,
     .group = general,
     .help = "model set (default: default)"},
    {.name = "quiet",
     .letter = 'q',
     .kind = CLI_FLAG,
     .field = FIELD(quiet),
     .commands = ALL,
     .configures = ALL,
     .group = general,
     .help = "only errors on standard error"},
    {.name = "progress",
     .kind = CLI_CHOICE,
     .field = FIELD(progress),
     .choices = "auto|tty|json|none",
     .commands = AUDIO,
     .configures = ALL,
     .group = general,
     .help = "progress on standard error (default auto: on a terminal)"},
    {.name = "log-level",
     .kind = CLI_CHOICE,
     .field = FIELD(log_level),
     .choices = "error|warning|info|debug",
     .commands = ALL,
     .configures = ALL,
     .group = general,
     .help = "how much to say on standard error (default warning)"},
    {.name = "help",
     .letter = 'h',
     .kind = CLI_FLAG,
     .field = FIELD(help),
     .commands = ALL,
     .group = general,
     .help = "this help"},
    {.name = "version",
     .letter = 'V',
     .kind = CLI_FLAG,
     .field = FIELD(version),
     .commands = ALL,
     .group = general,
     .help = "version, instruction set in use, models with their hashes"},

    {.name = "models-dir",
     .kind = CLI_STRING,
     .field = FIELD(models_dir),
     .value = "DIRECTORY",
     .configures = ALL,
     .environment = "DIARIST_MODELS_DIR",
     .help = "where NAME.safetensors lies (default $XDG_DATA_HOME/diarist/models)"},
    {.name = "cpu",
     .kind = CLI_CHOICE,
     .field = FIELD(cpu),
     .choices = "generic|avx2|avx512|neon|best",
     .environment = "DIARIST_CPU",
     .help = "the best instruction set that may be used (default best: any; for tests)"},
    {.name = "man", .kind = CLI_FLAG, .field = FIELD(man), .commands = ALL},
    {.name = "completions",
     .kind = CLI_STRING,
     .field = FIELD(completions),
     .value = "SHELL",
     .commands = ALL},
};
const size_t cli_num_options = sizeof cli_options / sizeof cli_options[0];
_Static_assert(sizeof cli_options / sizeof cli_options[0] <= CLI_MAX_OPTIONS,
               "settings.origin has a place for every row");

void cli_settings_init(struct cli_settings *settings) {
    *settings = (struct cli_settings){.exclude_overlap = 1,
                                      .onset = -1,
                                      .offset = -1,
                                      .jobs = 1,
                                      .model = "default",
                                      .log_level = CLI_LOG_WARNING,
                                      .cpu = CLI_CPU_BEST};
}

void cli_settings_free(struct cli_settings *settings) {
    free(settings->operands);
    free(settings->config_text);
    *settings = (struct cli_settings){0};
}

static int same_name(const char *name, const char *given, size_t n) {
    if (strlen(name) != n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (name[i] != (given[i] == '_' ? '-' : given[i]))
            return 0;
    return 1;
}

const struct cli_option *cli_option_find(const char *name, size_t n, unsigned mask) {
    for (size_t i = 0; i < cli_num_options; i++)
        if ((cli_options[i].commands & mask) && same_name(cli_options[i].name, name, n))
            return &cli_options[i];
    return NULL;
}

static int parse_choice(const char *choices, const char *text, int32_t *out) {
    int32_t index = 0;
    for (const char *at = choices; *at; index++) {
        size_t n = strcspn(at, "|");
        if (strlen(text) == n && !strncmp(at, text, n)) {
            *out = index;
            return 0;
        }
        at += n + (at[n] == '|');
    }
    return -1;
}

static void say_expected(const struct cli_option *option, const char *text, char *why,
                         size_t size) {
    switch (option->kind) {
    case CLI_INT:
        snprintf(why, size, "'%s' is not a whole number from %.0f to %.0f", text, option->min,
                 option->max);
        break;
    case CLI_REAL:
        snprintf(why, size, "'%s' is not a number from %.10g to %.10g", text, option->min,
                 option->max);
        break;
    case CLI_CHOICE:
        snprintf(why, size, "'%s' is none of %s", text, option->choices);
        break;
    default:
        snprintf(why, size, "'%s' is not %s", text,
                 option->expected ? option->expected : "a value; give one");
    }
}

int cli_option_set(struct cli_settings *settings, const struct cli_option *option, const char *text,
                   enum cli_origin origin, char *why, size_t why_size) {
    void *field = (char *)settings + option->field;
    int rc = 0;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)field = true;
        break;
    case CLI_INT:
        rc = parse_whole(text, option->min, option->max, field);
        break;
    case CLI_REAL:
        rc = parse_real(text, option->min, option->max, field);
        break;
    case CLI_CHOICE:
        rc = parse_choice(option->choices, text, field);
        break;
    case CLI_STRING:
        rc = *text ? 0 : -1;
        *(const char **)field = text;
        break;
    case CLI_CUSTOM:
        rc = option->parse(field, text);
        break;
    }
    if (rc)
        say_expected(option, text, why, why_size);
    settings->origin[option - cli_options] = origin;
    return rc;
}

enum cli_origin cli_option_origin(const struct cli_settings *settings, size_t field) {
    enum cli_origin origin = CLI_FROM_DEFAULT;
    for (size_t i = 0; i < cli_num_options; i++)
        if (cli_options[i].field == field && settings->origin[i] > origin)
            origin = settings->origin[i];
    return origin;
}
