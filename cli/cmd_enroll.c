/* cmd_enroll.c - samples of a voice into a profile.
 * SPDX-License-Identifier: MIT
 *
 * FILE -> turns (diarized, or of --segments) -> regions in which NAME alone talks -> embedding
 *      -> is it like the profile's other samples? -> profile */
#include "commands.h"

#include "diarist/profile.h"
#include "feed.h"
#include "models.h"
#include "outputs.h"
#include "segments.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const double min_speech_s = 2;       /* below, one voice in forty is taken for another */
static const double noteworthy_share = 0.1; /* of all talk: another voice that is no accident */

struct enrolment {
    const struct cli_settings *settings;
    const diarist_model *model;
    diarist_model_info info;
    diarist_profile *profile;
    diarist_document *segments; /* NULL: the files are diarized */
    const char *name;
    float *embedding; /* [embedding_dim] of the file in work */
    double threshold;
};

/* The turns of a file, and whose are NAME's. */
struct talk {
    diarist_turn *turns; /* [num_turns], sorted by start */
    size_t num_turns;
    int32_t speaker;
};

/* ---- one file through the engine ---- */

/* Feeds path into a recording for a kind of work. An exit code after the error was printed. */
static int feed_file(struct cli_fed *fed, struct cli_progress *progress, const char *path,
                     const struct enrolment *e, enum cli_work work) {
    diarist_options options;
    diarist_error err;
    *progress = (struct cli_progress){
        .file = path, .total = 1, .work = work, .num_parts = 1, .started_s = cli_now()};
    cli_engine_options(&options, e->settings, progress);
    if (cli_feed(fed, path, e->settings->channels, e->settings, e->model, &options, progress, &err))
        return cli_fail(path, &err);
    return 0;
}

static int allocate_turns(struct talk *talk, size_t num) {
    talk->turns = calloc(num + 1, sizeof *talk->turns);
    talk->num_turns = num;
    return talk->turns ? 0 : cli_fail_memory();
}

/* The one who talks most, if nobody else says anything noteworthy. */
static int choose_voice(struct talk *talk, const char *path, const diarist_result *result) {
    diarist_speaker speaker;
    double most_s = -1, all_s = 0;
    for (size_t s = 0; diarist_result_speaker(result, s, &speaker) == 0; s++) {
        all_s += speaker.seconds;
        if (speaker.seconds > most_s) {
            most_s = speaker.seconds;
            talk->speaker = (int32_t)s;
        }
    }
    double others_s = all_s - most_s;
    if (most_s < 0) {
        cli_error(path, "holds no speech; give a recording of the speaker");
        return CLI_EXIT_INPUT;
    }
    if (others_s <= 0)
        return 0;
    if (others_s < min_speech_s && others_s < noteworthy_share * all_s) {
        cli_warning(path, "%.1f s of another voice are left out", others_s);
        return 0;
    }
    cli_error(path,
              "holds several voices (%.1f s of one, %.1f s of others); say with --segments and "
              "--speaker whose it is",
              most_s, others_s);
    return CLI_EXIT_INPUT;
}

static int diarize_file(struct talk *talk, const char *path, const struct enrolment *e) {
    struct cli_progress progress;
    struct cli_fed fed = {0};
    diarist_result *result = NULL;
    diarist_error err;
    int rc = feed_file(&fed, &progress, path, e, CLI_WORK_DIARIZE);
    if (!rc && diarist_recording_diarize(&result, fed.recording, &err))
        rc = cli_fail(path, &err);
    cli_fed_free(&fed);
    cli_progress_end(&progress, rc == 0);
    if (!rc)
        rc = choose_voice(talk, path, result);
    if (!rc)
        rc = allocate_turns(talk, diarist_result_num_turns(result, DIARIST_OVERLAPPING));
    for (size_t i = 0; !rc && i < talk->num_turns; i++)
        diarist_result_turn(result, DIARIST_OVERLAPPING, i, &talk->turns[i]);
    diarist_result_free(result);
    return rc;
}

/* ---- one file with --segments ---- */

static int choose_label(struct talk *talk, const char *path, const struct enrolment *e,
                        size_t recording) {
    const char *wanted = e->settings->speaker;
    size_t num = diarist_document_num_speakers(e->segments, recording);
    if (!wanted && num != 1) {
        cli_error(path, "--segments has %zu speakers of this recording; choose with --speaker",
                  num);
        return CLI_EXIT_USAGE;
    }
    for (size_t s = 0; s < num; s++)
        if (!wanted || !strcmp(diarist_document_speaker_name(e->segments, recording, s), wanted)) {
            talk->speaker = (int32_t)s;
            return 0;
        }
    cli_error(path, "--segments has no speaker %s in this recording; choose one that it has",
              wanted);
    return CLI_EXIT_INPUT;
}

static int read_talk(struct talk *talk, const char *path, const struct enrolment *e) {
    diarist_error err;
    size_t recording;
    if (cli_segments_find(&recording, e->segments, path, e->settings->num_operands == 2, &err))
        return cli_fail(path, &err);
    int rc = choose_label(talk, path, e, recording);
    if (!rc)
        rc = allocate_turns(
            talk, diarist_document_num_turns(e->segments, recording, DIARIST_OVERLAPPING));
    for (size_t i = 0; !rc && i < talk->num_turns; i++)
        diarist_document_turn(e->segments, recording, DIARIST_OVERLAPPING, i, &talk->turns[i]);
    return rc;
}

/* ---- where NAME alone talks ---- */

/* turns -> regions [2 num_turns] of the speaker without anybody else, *num of them. Others are cut
 * out of a turn in the order in which they start. */
static void find_alone(diarist_region *regions, size_t *num, const struct talk *talk) {
    *num = 0;
    for (size_t i = 0; i < talk->num_turns; i++) {
        const diarist_turn *turn = &talk->turns[i];
        double from = turn->start;
        if (turn->speaker != talk->speaker)
            continue;
        for (size_t o = 0; o < talk->num_turns && talk->turns[o].start < turn->end; o++) {
            const diarist_turn *other = &talk->turns[o];
            if (other->speaker == talk->speaker || other->end <= from)
                continue;
            if (other->start > from)
                regions[(*num)++] = (diarist_region){from, other->start, 0};
            from = other->end;
        }
        if (from < turn->end)
            regions[(*num)++] = (diarist_region){from, turn->end, 0};
    }
}

/* Every other turn may begin a region in every turn of the speaker: counted before. */
static size_t most_regions(const struct talk *talk) {
    size_t num = 0;
    for (size_t i = 0; i < talk->num_turns; i++) {
        if (talk->turns[i].speaker != talk->speaker)
            continue;
        num++;
        for (size_t o = 0; o < talk->num_turns; o++)
            num += talk->turns[o].speaker != talk->speaker &&
                   talk->turns[o].start > talk->turns[i].start &&
                   talk->turns[o].start < talk->turns[i].end;
    }
    return num;
}

static int embed_file(double *seconds, const char *path, const struct talk *talk,
                      const struct enrolment *e) {
    struct cli_progress progress;
    struct cli_fed fed = {0};
    diarist_error err;
    size_t num;
    diarist_region *regions = calloc(most_regions(talk) + 1, sizeof *regions);
    if (!regions)
        return cli_fail_memory();
    find_alone(regions, &num, talk);
    int rc = feed_file(&fed, &progress, path, e, CLI_WORK_EMBED);
    if (!rc && diarist_recording_embed(e->embedding, seconds, fed.recording, regions, num, 1, &err))
        rc = cli_fail(path, &err);
    cli_fed_free(&fed);
    cli_progress_end(&progress, rc == 0);
    free(regions);
    if (rc || *seconds >= min_speech_s)
        return rc;
    cli_error(path, "holds %.1f s of speech of %s alone; give a recording with %.0f s or more",
              *seconds, e->name, min_speech_s);
    return CLI_EXIT_INPUT;
}

/* ---- the profile ---- */

/* Whether the embedding is of the profile's person. */
static int check_likeness(const char *path, const struct enrolment *e) {
    diarist_profile_info about;
    diarist_profile_describe(e->profile, &about);
    if (about.num_samples == 0 || e->settings->force)
        return 0;
    if (isnan(e->threshold)) {
        cli_error(path, "model %s has no known threshold for voices; give --threshold, or --force",
                  e->info.name);
        return CLI_EXIT_USAGE;
    }
    double score = diarist_similarity(e->embedding, about.embedding, about.embedding_dim);
    if (score >= e->threshold)
        return 0;
    cli_error(path,
              "does not sound like the samples of %s (score %.3f, threshold %.3f); give "
              "--force if it is the same person",
              e->name, score, e->threshold);
    return CLI_EXIT_INPUT;
}

static bool is_there_already(const struct enrolment *e) {
    diarist_sample sample;
    for (size_t i = 0; diarist_profile_sample(e->profile, i, &sample) == 0; i++)
        if (diarist_similarity(e->embedding, sample.embedding, e->info.embedding_dim) > 0.99999)
            return true;
    return false;
}

static int enroll_file(const char *path, const char *when, const struct enrolment *e) {
    struct talk talk = {0};
    diarist_sample sample = {.embedding = e->embedding, .file = path, .enrolled = when};
    diarist_error err;
    int rc = e->segments ? read_talk(&talk, path, e) : diarize_file(&talk, path, e);
    if (!rc)
        rc = embed_file(&sample.seconds, path, &talk, e);
    free(talk.turns);
    if (!rc && is_there_already(e)) {
        cli_warning(path, "is a sample of %s already; left out", e->name);
        return 0;
    }
    if (!rc)
        rc = check_likeness(path, e);
    if (!rc && diarist_profile_add(e->profile, &sample, &err))
        rc = cli_fail(path, &err);
    return rc;
}

/* The profile at path, or a new one. */
static int open_profile(struct enrolment *e, const char *path) {
    diarist_error err;
    struct stat st;
    if (stat(path, &st) && errno == ENOENT)
        return diarist_profile_new(&e->profile, e->name, &e->info, &err) ? cli_fail("NAME", &err)
                                                                         : 0;
    if (diarist_profile_read(&e->profile, path, &err) ||
        diarist_profile_check(e->profile, &e->info, &err))
        return cli_fail(path, &err);
    diarist_profile_info about;
    diarist_profile_describe(e->profile, &about);
    if (!strcmp(about.name, e->name))
        return 0;
    cli_error(path, "is the profile of %s, not of %s; give another --output", about.name, e->name);
    return CLI_EXIT_USAGE;
}

/* Where the profile is or will be: to be freed. */
static char *profile_path(int *rc, const struct cli_settings *settings, const char *name) {
    const char *folder = settings->profiles ? settings->profiles : ".";
    char *path =
        settings->output ? cli_text("%s", settings->output) : cli_text("%s/%s.json", folder, name);
    *rc = path ? 0 : cli_fail_memory();
    /* Neither another folder nor a hidden file, which nobody would read. */
    if (path && !settings->output && *name == '.')
        path[strlen(folder) + 1] = '_';
    for (char *c = path && !settings->output ? path + strlen(folder) + 1 : NULL; c && *c; c++)
        if (*c == '/')
            *c = '_';
    if (!*rc && !settings->output && settings->profiles)
        *rc = cli_make_directory(settings->profiles, "--profiles");
    return path;
}

static int enroll_all(struct enrolment *e, const char *path) {
    const struct cli_settings *settings = e->settings;
    char when[32];
    diarist_error err;
    diarist_profile_info about;
    time_t now = time(NULL);
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    int rc = open_profile(e, path);
    for (size_t i = 1; i < settings->num_operands && !rc; i++)
        rc = enroll_file(settings->operands[i], when, e);
    if (!rc && diarist_profile_write(e->profile, path, &err))
        rc = cli_fail(path, &err);
    if (rc || !strcmp(path, "-"))
        return rc;
    diarist_profile_describe(e->profile, &about);
    printf("%s: %zu sample%s, %.1f s: %s\n", about.name, about.num_samples,
           about.num_samples == 1 ? "" : "s", about.seconds, path);
    return cli_finish_stdout();
}

static int check_arguments(const struct cli_settings *settings) {
    const char *wrong = NULL;
    if (settings->num_operands < 2)
        wrong = "takes NAME and one or more FILEs; see diarist enroll --help";
    else if (settings->output && settings->profiles)
        wrong = "--output and --profiles both say where the profile is; give one of them";
    else if (settings->speaker && !settings->segments)
        wrong = "--speaker is one of --segments; give it too";
    for (size_t i = 1; i < settings->num_operands && !wrong; i++)
        if (!strcmp(settings->operands[i], "-") && (!settings->segments || i > 1))
            wrong = "standard input is read once, and needed twice; give a file, or --segments";
    if (!wrong)
        return 0;
    cli_error("enroll", "%s", wrong);
    return CLI_EXIT_USAGE;
}

int cli_run_enroll(const struct cli_settings *settings) {
    struct enrolment e = {.settings = settings};
    diarist_model *model = NULL;
    diarist_error err;
    char *path = NULL;
    int rc = check_arguments(settings);
    if (rc)
        return rc;
    e.name = settings->operands[0];
    if (settings->segments && diarist_document_read(&e.segments, settings->segments, NULL, &err))
        rc = cli_fail(settings->segments, &err);
    if (!rc)
        path = profile_path(&rc, settings, e.name);
    if (!rc)
        rc = cli_model_load(&model, settings, true);
    if (!rc) {
        e.model = model;
        diarist_model_describe(model, &e.info);
        e.threshold =
            CLI_GIVEN(settings, threshold) ? settings->threshold : diarist_match_threshold(&e.info);
        e.embedding = calloc(e.info.embedding_dim, sizeof *e.embedding);
        rc = e.embedding ? enroll_all(&e, path) : cli_fail_memory();
    }
    free(e.embedding);
    free(path);
    diarist_profile_free(e.profile);
    diarist_document_free(e.segments);
    diarist_model_free(model);
    return rc;
}
