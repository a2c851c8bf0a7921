/* live_feed.c - the engine's side of a live stream.
 * SPDX-License-Identifier: MIT
 *
 * piece -> diarist_pcm -> samples [BLOCK] -> diarist_stream -> event -> JSON
 *   gap -> what is held back of a changed rate -> diarist_stream_skip */
#include "live_feed.h"

#include "common/stream_events.h"
#include "diarist/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 4096, TEXT = 1024 };

struct server_live_feed {
    struct server_live_params params;
    struct server_live_ends ends;
    diarist_stream *stream;
    diarist_pcm *pcm;
    struct server_piece *piece; /* being converted, from sample `offset` on */
    uint64_t offset;
    size_t start, end; /* of samples that are still to be fed */
    uint64_t gap;      /* samples of 16 kHz that are still to be skipped */
    bool ended;        /* no piece will come */
    uint64_t seq;
    size_t num_turns, num_merged;
    double stats_at_s; /* of the next stats */
    float samples[BLOCK];
};

/* ---- events ---- */

static void give(struct server_live_feed *feed, const diarist_event *event,
                 const struct common_stream_end *end) {
    char text[TEXT];
    FILE *file = fmemopen(text, sizeof text, "w");
    if (!file)
        return;
    if (event)
        common_print_event(file, event, NULL);
    else
        common_print_done(file, end);
    long size = ftell(file);
    fclose(file);
    feed->ends.give(feed->ends.data, feed->seq, text, (size_t)size);
}

static size_t num_speakers(const struct server_live_feed *feed) {
    return diarist_stream_num_speakers(feed->stream) - feed->num_merged;
}

/* All events that there are. Whether there was one. */
static bool give_events(struct server_live_feed *feed) {
    diarist_event event;
    bool some = false;
    for (; !diarist_stream_next(feed->stream, &event); some = true) {
        feed->seq = event.seq;
        feed->num_turns += event.type == DIARIST_TURN_FINAL;
        feed->num_merged += event.type == DIARIST_SPEAKER_MERGED;
        give(feed, &event, NULL);
    }
    return some;
}

/* It has the number of the event before it: it is news of the moment, and not one of them. */
static void give_stats(struct server_live_feed *feed) {
    char text[TEXT];
    double heard_s = diarist_stream_duration(feed->stream);
    if (feed->params.stats_s <= 0 || heard_s < feed->stats_at_s)
        return;
    feed->stats_at_s = heard_s + feed->params.stats_s;
    int size =
        snprintf(text, sizeof text,
                 "{\"seq\":%llu,\"type\":\"stats\",\"speakers\":%zu,\"turns\":%zu,"
                 "\"at\":%.4f}",
                 (unsigned long long)feed->seq, num_speakers(feed), feed->num_turns, heard_s);
    feed->ends.give(feed->ends.data, feed->seq, text, (size_t)size);
}

/* ---- samples ---- */

static size_t sample_bytes(const struct server_live_feed *feed) {
    return feed->params.is_float ? 4 : 2;
}

static int open_pcm(struct server_live_feed *feed, diarist_error *err) {
    char raw[32];
    server_live_params_raw(&feed->params, raw);
    return diarist_pcm_open(&feed->pcm, raw, err);
}

static void drop_piece(struct server_live_feed *feed) {
    free(feed->piece);
    feed->piece = NULL;
    feed->offset = 0;
}

/* Before a gap or the end: what the converter holds back goes into samples; once there is nothing,
 * *dry, and it begins anew. */
static int flush(struct server_live_feed *feed, bool *dry, diarist_error *err) {
    size_t used;
    int rc = diarist_pcm_convert(feed->pcm, NULL, 0, &used, feed->samples, BLOCK, &feed->end, err);
    *dry = !rc && !feed->end;
    if (!*dry)
        return rc;
    diarist_pcm_close(feed->pcm);
    feed->pcm = NULL;
    return open_pcm(feed, err);
}

static int convert(struct server_live_feed *feed, diarist_error *err) {
    struct server_piece *piece = feed->piece;
    size_t used;
    int rc = diarist_pcm_convert(feed->pcm, piece->bytes + feed->offset * sample_bytes(feed),
                                 (size_t)(piece->num - feed->offset), &used, feed->samples, BLOCK,
                                 &feed->end, err);
    feed->offset += used;
    if (feed->offset == piece->num)
        drop_piece(feed);
    return rc;
}

static int begin_gap(struct server_live_feed *feed, diarist_error *err) {
    bool dry;
    int rc = flush(feed, &dry, err);
    if (rc || !dry)
        return rc;
    feed->gap =
        (uint64_t)llround((double)feed->piece->num * DIARIST_SAMPLE_RATE / feed->params.rate_hz);
    drop_piece(feed);
    return rc;
}

/* Until there are samples or a gap. *dry: there are no more pieces; ended: and all is out. */
static int load(struct server_live_feed *feed, bool *dry, diarist_error *err) {
    int rc = DIARIST_OK;
    *dry = false;
    while (!rc && !*dry && feed->start == feed->end && !feed->gap) {
        feed->start = feed->end = 0;
        if (!feed->piece && !feed->ended)
            feed->piece = feed->ends.take(feed->ends.data, &feed->ended);
        if (feed->piece)
            rc = feed->piece->size ? convert(feed, err) : begin_gap(feed, err);
        else if (feed->ended)
            rc = flush(feed, dry, err);
        else
            *dry = true;
    }
    return rc;
}

/* Feeds what is loaded. *used: how many samples were taken. */
static int feed_engine(struct server_live_feed *feed, size_t *used, diarist_error *err) {
    enum { MOST_GAP = 1 << 24 };
    int rc;
    if (feed->gap) {
        size_t most = feed->gap < MOST_GAP ? (size_t)feed->gap : MOST_GAP;
        rc = diarist_stream_skip(feed->stream, most, used, err);
        feed->gap -= rc ? 0 : *used;
        return rc;
    }
    rc = diarist_stream_feed(feed->stream, feed->samples + feed->start, feed->end - feed->start,
                             used, err);
    feed->start += rc ? 0 : *used;
    return rc;
}

static int finish(struct server_live_feed *feed, bool *done, diarist_error *err) {
    int rc = diarist_stream_finish(feed->stream, err);
    if (rc)
        return rc;
    give_events(feed);
    const struct common_stream_end end = {++feed->seq, diarist_stream_duration(feed->stream),
                                          num_speakers(feed), feed->num_turns};
    give(feed, NULL, &end);
    *done = true;
    return DIARIST_OK;
}

int server_live_feed_run(struct server_live_feed *feed, bool *moved, bool *done,
                         diarist_error *err) {
    bool dry = false, waits = false;
    int rc = DIARIST_OK;
    *moved = give_events(feed);
    while (!rc && !waits) {
        size_t used = 0;
        rc = load(feed, &dry, err);
        if (rc || dry)
            break;
        rc = feed_engine(feed, &used, err);
        if (rc)
            break;
        bool some = give_events(feed);
        give_stats(feed);
        waits = !used && !some;
        *moved |= !waits;
    }
    if (!rc && dry && feed->ended)
        rc = finish(feed, done, err);
    return rc;
}

double server_live_feed_duration(const struct server_live_feed *feed) {
    return diarist_stream_duration(feed->stream);
}

int server_live_feed_open(struct server_live_feed **out, const struct server_live_params *params,
                          const struct server_live_ends *ends, const diarist_model *model,
                          diarist_stream_group *group, diarist_error *err) {
    struct server_live_feed *feed = calloc(1, sizeof *feed);
    *out = NULL;
    if (!feed) {
        *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory"};
        return DIARIST_ERROR_MEMORY;
    }
    feed->params = *params;
    feed->ends = *ends;
    feed->stats_at_s = params->stats_s;
    int rc = open_pcm(feed, err);
    if (!rc)
        rc = diarist_stream_open(&feed->stream, model, &params->engine, group, err);
    if (rc) {
        server_live_feed_free(feed);
        return rc;
    }
    *out = feed;
    return DIARIST_OK;
}

void server_live_feed_free(struct server_live_feed *feed) {
    if (!feed)
        return;
    drop_piece(feed);
    diarist_pcm_close(feed->pcm);
    diarist_stream_free(feed->stream);
    free(feed);
}
