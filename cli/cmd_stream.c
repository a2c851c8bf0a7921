/* cmd_stream.c - who speaks, while they speak.
 * SPDX-License-Identifier: MIT
 *
 * standard input -> samples -> diarist_stream -> events -> lines, or lanes on a terminal
 *                                             -> at the end, with --output: the diarization */
#include "commands.h"

#include "known.h"
#include "live.h"
#include "models.h"
#include "outputs.h"
#include "stream_stats.h"
#include "stream_view.h"
#include "text.h"

#include "common/presets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_KNOWN = 31 }; /* that a stream takes */

struct run {
    const struct cli_settings *settings;
    const diarist_model *model;
    struct cli_known known; /* of --profiles; its profiles are NULL without */
    diarist_stream *stream;
    int32_t view;            /* CLI_STREAM_*, but auto */
    struct cli_lanes *lanes; /* of CLI_STREAM_TTY */
    struct cli_stream_stats stats;
    struct common_stream_end end;
    size_t num_known, num_merged;
    bool heard[MOST_KNOWN]; /* of those known, who had a turn */
    double work_s;          /* wall time that the library took */
    bool unread;            /* events reach nobody any more; --output is still wanted */
    int unread_code;        /* the exit code for that: 0 when their reader has gone */
    bool finished;
    diarist_source source; /* for the diarization */
    char sha256[65];
};

/* ---- before ---- */

/* A file that cannot be written at the end is told at the beginning. */
static int check_output(const char *path) {
    const char *slash = strrchr(path, '/');
    int rc = CLI_EXIT_USAGE;
    if (!strcmp(path, "-")) {
        cli_error("--output", "events go to standard output; give a file");
        return rc;
    }
    if (!cli_format_of_path(path)) {
        cli_error(path, "does not tell the format by its extension; name it .rttm or .json");
        return rc;
    }
    struct stat there;
    if (!stat(path, &there) && S_ISDIR(there.st_mode)) {
        cli_error(path, "is a directory; give a file");
        return rc;
    }
    char *folder = slash ? cli_text("%.*s", (int)(slash - path) + 1, path) : cli_text(".");
    if (!folder)
        return cli_fail_memory();
    rc = 0;
    if (access(folder, W_OK)) {
        cli_error(path, "cannot be written: %s; give another --output", strerror(errno));
        rc = CLI_EXIT_SOME_FAILED;
    }
    free(folder);
    return rc;
}

static int check_settings(const struct cli_settings *settings) {
    if (CLI_GIVEN(settings, threshold) && !settings->profiles) {
        cli_error("--threshold", "is of known speakers; give --profiles");
        return CLI_EXIT_USAGE;
    }
    int rc = cli_live_check(settings);
    return rc || !settings->output ? rc : check_output(settings->output);
}

/* An exit code. */
static int read_known(struct run *run) {
    int code = cli_known_read(&run->known, run->settings, run->model);
    run->num_known = code ? 0 : diarist_profiles_num(run->known.profiles);
    if (run->num_known <= MOST_KNOWN)
        return code;
    cli_error("--profiles",
              "%zu people are known; a stream takes %d; give a directory of those "
              "who may come",
              run->num_known, MOST_KNOWN);
    return CLI_EXIT_LIMIT;
}

static int32_t choose_view(const struct cli_settings *settings) {
    const char *term = getenv("TERM");
    if (settings->stream_format != CLI_STREAM_AUTO)
        return settings->stream_format;
    bool capable = isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb");
    return capable ? CLI_STREAM_TTY : CLI_STREAM_JSONL;
}

static int open_stream(struct run *run, diarist_error *err) {
    const struct cli_settings *settings = run->settings;
    diarist_stream_options options;
    diarist_options engine;
    cli_engine_options(&engine, settings, NULL);
    diarist_stream_options_init(&options);
    if (settings->latency_s > 0)
        options.latency_s = settings->latency_s;
    options.preset = settings->preset;
    options.num_threads = settings->threads;
    options.max_speakers = settings->max_speakers;
    options.cluster_threshold = engine.cluster_threshold;
    options.known = run->num_known ? diarist_profiles_embeddings(run->known.profiles) : NULL;
    options.num_known = (int32_t)run->num_known;
    if (CLI_GIVEN(settings, threshold))
        options.known_threshold = settings->threshold;
    options.keep_result = settings->output != NULL;
    return diarist_stream_open(&run->stream, run->model, &options, NULL, err);
}

/* ---- while it is said ---- */

/* Prints what there is. Where that fails a stream goes on for --output alone. */
static int flush(struct run *run, diarist_error *err) {
    int status = run->unread ? DIARIST_OK : cli_live_flush(err);
    if (!status || !run->settings->output)
        return status;
    if (!cli_reader_has_gone())
        run->unread_code = cli_fail("standard output", err);
    run->unread = true;
    return DIARIST_OK;
}

static void show(struct run *run, const diarist_event *event) {
    run->end.seq = event->seq + 1;
    run->end.num_turns += event->type == DIARIST_TURN_FINAL;
    run->num_merged += event->type == DIARIST_SPEAKER_MERGED;
    int32_t speaker = event->type == DIARIST_SPEAKER_MERGED ? event->into : event->speaker;
    if (event->type >= DIARIST_TURN_FINAL && speaker < (int32_t)run->num_known)
        run->heard[speaker] = true;
    cli_stream_stats_add(&run->stats, event);
    if (run->unread)
        return;
    if (run->view == CLI_STREAM_JSONL)
        cli_stream_print_json(event, run->known.profiles);
    else if (run->view == CLI_STREAM_RTTM)
        cli_stream_print_rttm(event, run->known.profiles);
    else
        cli_lanes_event(run->lanes, event);
}

/* All events that there are. */
static int show_events(struct run *run, diarist_error *err) {
    diarist_event event;
    bool some = false;
    for (; !diarist_stream_next(run->stream, &event); some = true)
        show(run, &event);
    return some ? flush(run, err) : DIARIST_OK;
}

static int feed(void *data, const float *samples, size_t n, diarist_error *err) {
    struct run *run = data;
    int status = DIARIST_OK;
    for (size_t used; !status && n; samples += used, n -= used) {
        double before = cli_now();
        status = diarist_stream_feed(run->stream, samples, n, &used, err);
        run->work_s += cli_now() - before;
        if (!status)
            status = show_events(run, err);
    }
    if (status || !run->lanes)
        return status;
    cli_lanes_time(run->lanes, diarist_stream_duration(run->stream));
    return flush(run, err);
}

static int finish(void *data, const diarist_audio_info *input, diarist_error *err) {
    struct run *run = data;
    double before = cli_now();
    int status = diarist_stream_finish(run->stream, err);
    run->work_s += cli_now() - before;
    if (!status)
        status = show_events(run, err);
    if (status)
        return status;
    run->finished = true;
    run->end.duration_s = diarist_stream_duration(run->stream);
    run->end.num_speakers = diarist_stream_num_speakers(run->stream) - run->num_merged;
    for (size_t k = 0; k < run->num_known; k++)
        run->end.num_speakers -= !run->heard[k];
    snprintf(run->sha256, sizeof run->sha256, "%s", input->sha256 ? input->sha256 : "");
    run->source.sample_rate = input->sample_rate;
    run->source.num_channels = input->num_channels;
    if (run->unread)
        return DIARIST_OK;
    if (run->view == CLI_STREAM_JSONL)
        cli_stream_print_done(&run->end);
    else if (run->lanes)
        cli_lanes_end(run->lanes, &run->end);
    return flush(run, err);
}

/* ---- after ---- */

/* A product's only piece: the diarization of all that was heard, with the names of those known. */
static int make_piece(struct run *run, struct cli_product *product, diarist_error *err) {
    struct cli_piece *piece = product->pieces = calloc(1, sizeof *piece);
    if (!piece)
        return cli_set_memory_error(err);
    product->num_pieces = 1;
    piece->source = run->source;
    piece->source.file = "-";
    piece->source.id = "stdin";
    piece->source.duration_s = run->end.duration_s;
    piece->source.sha256 = *run->sha256 ? run->sha256 : NULL;
    piece->source.preset = common_preset_name(run->settings->preset);
    piece->source.channel = run->settings->channels;
    int status = diarist_stream_result(&piece->result, run->stream, err);
    if (!status && run->known.profiles)
        status = cli_known_name(&run->known, product, err);
    return status;
}

/* A diarist_status. */
static int write_result(struct run *run, diarist_error *err) {
    const char *path = run->settings->output;
    struct cli_product product = {0};
    diarist_document *document = NULL;
    diarist_write_options options;
    cli_document_options(&options, run->settings);
    int status = make_piece(run, &product, err);
    if (!status)
        status = diarist_document_new(&document, err);
    if (!status)
        status = diarist_document_add(document, product.pieces->result, &product.pieces->source,
                                      run->model, err);
    if (!status)
        status =
            diarist_document_write(document, path, cli_format_of_path(path)->name, &options, err);
    diarist_document_free(document);
    cli_product_free(&product);
    return status;
}

/* An exit code. */
static int listen(struct run *run) {
    const struct cli_live live = {feed, finish, run};
    diarist_error err;
    if (open_stream(run, &err))
        return cli_fail(NULL, &err);
    run->end.seq = 1;
    run->view = choose_view(run->settings);
    if (run->view == CLI_STREAM_TTY && !(run->lanes = cli_lanes_new(run->known.profiles)))
        return cli_fail_memory();
    int code = cli_live_run(&live, run->settings);
    if (run->finished && run->settings->stats)
        cli_stream_stats_print(&run->stats, run->end.duration_s, run->work_s);
    if (run->finished && run->settings->output && write_result(run, &err))
        return cli_fail(run->settings->output, &err);
    return code ? code : run->unread_code;
}

int cli_run_stream(const struct cli_settings *settings) {
    struct run run = {.settings = settings};
    diarist_model *model = NULL;
    int code = check_settings(settings);
    if (!code)
        code = cli_model_load(&model, settings, true);
    run.model = model;
    if (!code && settings->profiles)
        code = read_known(&run);
    if (!code)
        code = listen(&run);
    cli_known_free(&run.known);
    cli_lanes_free(run.lanes);
    diarist_stream_free(run.stream);
    diarist_model_free(model);
    return code;
}
