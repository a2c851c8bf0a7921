/* options.h - the one table of options and commands, and what the user chose.
 * SPDX-License-Identifier: MIT
 *
 * defaults -> config.toml, its [COMMAND] -> environment -> flags -> struct cli_settings
 * The parser, --help, the man page and the shell completions all come from the two tables. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program that calls diarist may rely on. */
enum {
    CLI_EXIT_DONE = 0,
    CLI_EXIT_SOME_FAILED = 1, /* or an output could not be written */
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_INPUT = 3,
    CLI_EXIT_MODEL = 4,
    CLI_EXIT_LIMIT = 5,
    CLI_EXIT_INTERRUPTED = 130
};

enum { CLI_PROGRESS_AUTO, CLI_PROGRESS_TTY, CLI_PROGRESS_JSON, CLI_PROGRESS_NONE };
enum { CLI_LOG_ERROR, CLI_LOG_WARNING, CLI_LOG_INFO, CLI_LOG_DEBUG };
enum { CLI_BY_FILE, CLI_BY_TURN, CLI_BY_SPEAKER };
enum { CLI_EMBED_JSONL, CLI_EMBED_JSON, CLI_EMBED_CSV };
enum { CLI_TEXT, CLI_JSON, CLI_MARKDOWN, CLI_HTML };
enum { CLI_SCORE_TABLE, CLI_SCORE_JSON, CLI_SCORE_CSV };
enum { CLI_STREAM_AUTO, CLI_STREAM_JSONL, CLI_STREAM_TTY, CLI_STREAM_RTTM };
enum { CLI_CPU_GENERIC, CLI_CPU_AVX2, CLI_CPU_AVX512, CLI_CPU_NEON, CLI_CPU_BEST };
enum { CLI_CHANNELS_SPLIT = -1 }; /* settings.channels: 0 mix, k >= 1 the k-th */

/* Ordered by precedence. */
enum cli_origin {
    CLI_FROM_DEFAULT,
    CLI_FROM_CONFIG,
    CLI_FROM_SECTION, /* of config.toml: [serve] */
    CLI_FROM_ENVIRONMENT,
    CLI_FROM_FLAG
};

enum { CLI_MAX_OPTIONS = 128 };

/* Every field below is filled by one row of the option table. */
struct cli_settings {
    int32_t num_speakers, min_speakers, max_speakers; /* 0: not given */
    int32_t exclude_overlap;
    double cluster_threshold;
    double min_duration_on_s, min_duration_off_s;
    double step_s;        /* 0: the preset's */
    double onset, offset; /* -1: not given */
    int32_t preset;
    int32_t trunk;
    int32_t channels;
    const char *raw;
    double start_s, duration_s;     /* duration 0: to the end */
    const char *segments, *speaker; /* NULL: not given */
    const char *profiles;           /* NULL: not given */
    double margin;
    bool force, scores;
    int32_t by;
    const char *from;
    double threshold;
    const char *format; /* diarize, vad: comma list; convert: one name; NULL: not given */
    int32_t embed_format;
    int32_t report_format; /* verify, models */
    const char *output;    /* NULL or "-": standard output */
    bool exclusive, embeddings, timing, colors;
    bool live;             /* vad */
    double latency_s;      /* stream, as are the next two; 0: not given */
    int32_t stream_format; /* CLI_STREAM_* */
    bool stats;
    const char *stages; /* NULL: not given */
    const char *files_from;
    int32_t shard[2]; /* I, N; 0, 0: all */
    bool resume;
    int32_t jobs;
    int32_t threads;
    const char *model;
    bool quiet;
    int32_t progress, log_level;
    int32_t cpu;
    const char *models_dir;   /* NULL: the XDG place */
    const char *set, *mirror; /* models; NULL: not given */
    bool any_hash;
    const char *datasets_file, *datasets_root, *environments,
        *systems_file;                          /* bench; NULL: its defaults */
    int32_t default_cpu_threads;                /* 0: not given */
    const char *audio_dir, *rttm_dir, *uem_dir; /* bench datasets bind */
    bool strict;
    const char *run_dir; /* bench run; NULL: one of its own */
    bool retry_failed, paced;
    const char *job_id; /* bench run, publish; NULL: not given */
    double collar_s;    /* score, as are the next three */
    bool skip_overlap;
    const char *uem; /* NULL: not given */
    int32_t score_format;
    const char *publish_to, *base_url, *api_key; /* bench publish; NULL: not given */
    bool internal_fields;
    const char *listen, *data; /* serve, as is what follows; data NULL: the XDG place */
    const char *api_keys, *bench_api_keys, *api_key_header; /* NULL, NULL: none; X-API-Key */
    int32_t max_upload_mb, max_audio_s, max_queue, idle_s, min_rate, drain_s, max_streams, resume_s,
        model_retry_s;
    bool speakers;
    const char *embedding_url, *speaker_embedding_url; /* NULL: none */
    double keep_s;                                     /* 0: for ever */
    bool no_config, help, version, man;
    const char *completions;

    enum cli_origin origin[CLI_MAX_OPTIONS]; /* by row of the table */
    char **operands;                         /* the arguments that are no options, in order */
    size_t num_operands;
    char *config_text; /* owns the strings that came from config.toml */
};

enum cli_command {
    CLI_DIARIZE,
    CLI_VAD,
    CLI_EMBED,
    CLI_VERIFY,
    CLI_ENROLL,
    CLI_IDENTIFY,
    CLI_LINK,
    CLI_CONVERT,
    CLI_MODELS,
    CLI_SCORE,
    CLI_BENCH,
    CLI_STREAM,
    CLI_SERVE,
    CLI_NUM_COMMANDS
};

struct cli_command_info {
    const char *name;
    const char *operands;                            /* as in the usage line */
    const char *summary;                             /* one line */
    const char *details;                             /* paragraphs of help and man page */
    int (*run)(const struct cli_settings *settings); /* an exit code */
};
extern const struct cli_command_info cli_commands[CLI_NUM_COMMANDS];

enum cli_kind { CLI_FLAG, CLI_INT, CLI_REAL, CLI_CHOICE, CLI_STRING, CLI_CUSTOM };

struct cli_option {
    const char *name; /* with '-' between words */
    char letter;      /* 0: none */
    enum cli_kind kind;
    size_t field;        /* offset in struct cli_settings: bool, int32_t, double, int32_t, string */
    const char *value;   /* how help names the value */
    double min, max;     /* CLI_INT, CLI_REAL */
    const char *choices; /* CLI_CHOICE: "a|b"; the field becomes the index */
    /* CLI_CUSTOM: 0 when text is good; `expected` says what would have been. */
    int (*parse)(void *field, const char *text);
    const char *expected;
    unsigned commands;       /* bit per cli_command that takes it as a flag; 0: never a flag */
    unsigned configures;     /* bit per command for which config.toml may set it */
    const char *environment; /* sets it for those commands, or for all when there are none */
    const char *group;       /* heading in the help; NULL: hidden */
    const char *help;
};
extern const struct cli_option cli_options[];
extern const size_t cli_num_options;

/* The row that `name` (with '-' or '_', length n) means for the commands in mask, or NULL. */
const struct cli_option *cli_option_find(const char *name, size_t n, unsigned mask);

/* Sets the row's field from text and notes the origin. When text is wrong: -1 and the reason, which
 * lacks only its subject ("--threads", "config.toml:3"), in why. */
int cli_option_set(struct cli_settings *settings, const struct cli_option *option, const char *text,
                   enum cli_origin origin, char *why, size_t why_size);

/* Where the value of the row that fills this field came from. */
enum cli_origin cli_option_origin(const struct cli_settings *settings, size_t field);
#define CLI_GIVEN(settings, member) \
    (cli_option_origin(settings, offsetof(struct cli_settings, member)) != CLI_FROM_DEFAULT)

void cli_settings_init(struct cli_settings *settings);
void cli_settings_free(struct cli_settings *settings);

#endif
