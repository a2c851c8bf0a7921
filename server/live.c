/* live.c - live streams: who there is, and the one thread that computes for all of them.
 * SPDX-License-Identifier: MIT
 *
 * The thread goes round: each stream is fed until its next step is due, then the group makes a
 * round of steps, those first that have waited longest. Only the thread removes streams. */
#include "live.h"

#include "clock.h"
#include "exchange.h"
#include "live_feed.h"
#include "log.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAITING = 512 << 10, MAX_EVENTS = 256 << 10 }; /* bytes of a stream */

struct server_live_stream {
    struct server_live_stream *next;
    struct server_live *live;
    char id[SERVER_ID_BYTES];
    struct server_live_params params;
    double began_at;
    /* Below: under the lock. */
    struct server_pieces pieces;
    struct server_events events;
    uint64_t samples;   /* taken */
    double detached_at; /* 0: it has a connection; below: nobody will come back */
    double heard_s;
    int close;    /* 0 until the last event is there */
    bool counted; /* it takes one of the places */
    bool finishing, lost, away;
    /* The thread's. */
    struct server_live_feed *feed;
};

struct server_live {
    const struct server_settings *settings;
    void (*ready)(void *data);
    void *data;
    pthread_t thread;
    diarist_stream_group *group; /* the thread's; NULL until there is a stream */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Below: under the lock. */
    struct server_live_stream *first;
    bool stopping, asked, news; /* asked: something came since the last round */
    struct server_live_totals totals;
};

/* With the lock held: its place is free. */
static void free_place(struct server_live_stream *stream) {
    stream->live->totals.open -= stream->counted;
    stream->counted = false;
}

/* ---- the thread ---- */

static struct server_piece *take(void *data, bool *ended) {
    struct server_live_stream *stream = data;
    pthread_mutex_lock(&stream->live->lock);
    bool was_full = stream->pieces.size >= MAX_WAITING;
    struct server_piece *piece = server_pieces_take(&stream->pieces);
    *ended = !piece && stream->finishing;
    stream->live->news |= was_full && stream->pieces.size < MAX_WAITING;
    pthread_mutex_unlock(&stream->live->lock);
    return piece;
}

static void give(void *data, uint64_t seq, const char *text, size_t size) {
    struct server_live_stream *stream = data;
    struct server_live *live = stream->live;
    bool lost = false;
    pthread_mutex_lock(&live->lock);
    /* What there was no memory for is lost as what was not read is. */
    lost |= server_events_add(&stream->events, seq, text, size, MAX_EVENTS, &lost) != 0;
    stream->lost |= lost && !stream->detached_at;
    live->totals.events++;
    live->news = true;
    pthread_mutex_unlock(&live->lock);
}

static void log_end(const struct server_live_stream *stream, const char *level,
                    const char *outcome) {
    server_log(level, "live_end", "{s:s,s:s,s:f,s:I,s:f}", "stream", stream->id, "outcome", outcome,
               "audio_s", stream->heard_s, "events", (json_int_t)stream->events.seq, "took_s",
               server_ticks() - stream->began_at);
}

/* There is no more to come; code: what the connection is closed with. */
static void end(struct server_live_stream *stream, int code, const char *outcome) {
    struct server_live *live = stream->live;
    pthread_mutex_lock(&live->lock);
    stream->close = stream->away && code == SERVER_CLOSE_DONE ? SERVER_CLOSE_AWAY : code;
    server_pieces_clear(&stream->pieces);
    free_place(stream);
    live->news = true;
    pthread_mutex_unlock(&live->lock);
    server_live_feed_free(stream->feed);
    stream->feed = NULL;
    log_end(stream, code == SERVER_CLOSE_DONE ? "info" : "warning", outcome);
}

static void fail(struct server_live_stream *stream, const diarist_error *err) {
    char text[512];
    pthread_mutex_lock(&stream->live->lock);
    uint64_t seq = stream->events.seq;
    pthread_mutex_unlock(&stream->live->lock);
    int size = snprintf(text, sizeof text,
                        "{\"seq\":%llu,\"type\":\"error\",\"code\":%d,\"detail\":\"the stream "
                        "could not be diarized; begin another\"}",
                        (unsigned long long)seq, SERVER_CLOSE_FAILED);
    give(stream, seq, text, (size_t)size);
    end(stream, SERVER_CLOSE_FAILED, err->message);
}

static int open_feed(struct server_live_stream *stream, diarist_error *err) {
    struct server_live *live = stream->live;
    const struct server_settings *settings = live->settings;
    const struct server_live_ends ends = {take, give, stream};
    int rc = DIARIST_OK;
    if (!live->group)
        rc = diarist_stream_group_open(&live->group, settings->model, settings->engine.num_threads,
                                       err);
    return rc ? rc
              : server_live_feed_open(&stream->feed, &stream->params, &ends, settings->model,
                                      live->group, err);
}

/* Whether a stream has something to be opened for, or goes on. */
static bool is_due(struct server_live_stream *stream) {
    pthread_mutex_lock(&stream->live->lock);
    bool due = !stream->close && (stream->feed || stream->pieces.first || stream->finishing);
    pthread_mutex_unlock(&stream->live->lock);
    return due;
}

/* Feeds a stream until its next step is due. Whether something was done. */
static bool advance(struct server_live_stream *stream) {
    struct server_live *live = stream->live;
    diarist_error err = {0};
    bool moved = false, done = false;
    if (!is_due(stream))
        return false;
    int rc = stream->feed ? DIARIST_OK : open_feed(stream, &err);
    if (!rc)
        rc = server_live_feed_run(stream->feed, &moved, &done, &err);
    if (rc) {
        fail(stream, &err);
        return true;
    }
    pthread_mutex_lock(&live->lock);
    double heard_s = server_live_feed_duration(stream->feed);
    live->totals.audio_s += heard_s - stream->heard_s;
    stream->heard_s = heard_s;
    pthread_mutex_unlock(&live->lock);
    if (done)
        end(stream, SERVER_CLOSE_DONE, "done");
    return moved || done;
}

static void free_stream(struct server_live_stream *stream) {
    server_live_feed_free(stream->feed);
    server_pieces_clear(&stream->pieces);
    server_events_clear(&stream->events);
    free(stream);
}

/* Removes those whose clients have not come back; with the lock held. */
static void remove_left(struct server_live *live) {
    double now = server_ticks();
    for (struct server_live_stream **link = &live->first; *link;) {
        struct server_live_stream *stream = *link;
        bool left =
            stream->detached_at < 0 ||
            (stream->detached_at > 0 && now - stream->detached_at > live->settings->resume_s);
        if (!left) {
            link = &stream->next;
            continue;
        }
        *link = stream->next;
        free_place(stream);
        if (!stream->close)
            log_end(stream, "info", "left");
        free_stream(stream);
    }
}

/* A round: all streams, then the group. Whether something was done. */
static bool go_round(struct server_live *live) {
    diarist_error err;
    size_t num_steps = 0;
    bool moved = false;
    pthread_mutex_lock(&live->lock);
    struct server_live_stream *stream = live->first;
    pthread_mutex_unlock(&live->lock);
    /* New ones are put in front, and nobody else removes any. */
    for (; stream; stream = stream->next)
        moved |= advance(stream);
    if (live->group && diarist_stream_group_run(live->group, &num_steps, &err))
        server_log("error", "live", "{s:s}", "message", err.message);
    return moved || num_steps;
}

static void wait_for_samples(struct server_live *live) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_cond_timedwait(&live->wake, &live->lock, &until);
}

static void *compute(void *data) {
    struct server_live *live = data;
    pthread_mutex_lock(&live->lock);
    while (!live->stopping) {
        live->asked = false;
        remove_left(live);
        pthread_mutex_unlock(&live->lock);
        bool moved = go_round(live);
        pthread_mutex_lock(&live->lock);
        if (live->news) {
            live->news = false;
            live->ready(live->data);
        }
        if (!moved && !live->asked && !live->stopping)
            wait_for_samples(live);
    }
    pthread_mutex_unlock(&live->lock);
    return NULL;
}

int server_live_start(struct server_live **out, const struct server_settings *settings,
                      void (*ready)(void *data), void *data, diarist_error *err) {
    struct server_live *live = calloc(1, sizeof *live);
    *out = NULL;
    if (live) {
        *live = (struct server_live){.settings = settings, .ready = ready, .data = data};
        pthread_mutex_init(&live->lock, NULL);
        pthread_cond_init(&live->wake, NULL);
        if (!pthread_create(&live->thread, NULL, compute, live)) {
            *out = live;
            return DIARIST_OK;
        }
    }
    free(live);
    *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory, or no thread could be started"};
    return DIARIST_ERROR_MEMORY;
}

void server_live_stop(struct server_live *live) {
    if (!live)
        return;
    pthread_mutex_lock(&live->lock);
    live->stopping = true;
    pthread_cond_signal(&live->wake);
    pthread_mutex_unlock(&live->lock);
    pthread_join(live->thread, NULL);
}

void server_live_free(struct server_live *live) {
    if (!live)
        return;
    while (live->first) {
        struct server_live_stream *stream = live->first;
        live->first = stream->next;
        free_stream(stream);
    }
    diarist_stream_group_free(live->group);
    pthread_cond_destroy(&live->wake);
    pthread_mutex_destroy(&live->lock);
    free(live);
}

/* ---- the loop's side ---- */

/* With the lock held. */
static void wake(struct server_live *live) {
    live->asked = true;
    pthread_cond_signal(&live->wake);
}

struct server_live_stream *server_live_open(struct server_live *live,
                                            const struct server_live_params *params, bool *full) {
    struct server_live_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->live = live;
    stream->params = *params;
    stream->began_at = server_ticks();
    server_make_id(stream->id);
    pthread_mutex_lock(&live->lock);
    *full = live->totals.open >= live->settings->max_streams;
    if (!*full) {
        stream->next = live->first;
        live->first = stream;
        live->totals.open++;
        stream->counted = true;
        live->totals.streams++;
    }
    pthread_mutex_unlock(&live->lock);
    if (*full)
        free(stream);
    return *full ? NULL : stream;
}

struct server_live_stream *server_live_find(struct server_live *live, const char *id) {
    pthread_mutex_lock(&live->lock);
    struct server_live_stream *stream = live->first;
    while (stream && (strcmp(stream->id, id) || stream->detached_at < 0))
        stream = stream->next;
    /* It stays while it is being asked for. */
    if (stream)
        stream->detached_at = 0;
    pthread_mutex_unlock(&live->lock);
    return stream;
}

int server_live_attach(struct server_live *live, struct server_live_stream *stream, uint64_t seq) {
    pthread_mutex_lock(&live->lock);
    int rc = server_events_rewind(&stream->events, seq);
    stream->lost = false;
    pthread_mutex_unlock(&live->lock);
    return rc;
}

void server_live_detach(struct server_live *live, struct server_live_stream *stream,
                        bool for_good) {
    pthread_mutex_lock(&live->lock);
    stream->detached_at = for_good ? -1 : server_ticks();
    if (for_good)
        free_place(stream);
    wake(live);
    pthread_mutex_unlock(&live->lock);
}

const char *server_live_id(const struct server_live_stream *stream) {
    return stream->id;
}

const struct server_live_params *server_live_params(const struct server_live_stream *stream) {
    return &stream->params;
}

int server_live_configure(struct server_live *live, struct server_live_stream *stream,
                          const struct server_live_params *params) {
    pthread_mutex_lock(&live->lock);
    bool begun = stream->samples || stream->finishing;
    if (!begun)
        stream->params = *params;
    pthread_mutex_unlock(&live->lock);
    return begun ? -1 : 0;
}

int server_live_push(struct server_live *live, struct server_live_stream *stream, const void *bytes,
                     size_t size, uint64_t num) {
    pthread_mutex_lock(&live->lock);
    int rc = stream->finishing || stream->close ? -1 : 0;
    if (!rc)
        rc = server_pieces_add(&stream->pieces, bytes, size, num);
    if (!rc)
        stream->samples += num;
    wake(live);
    pthread_mutex_unlock(&live->lock);
    return rc;
}

void server_live_finish(struct server_live *live, struct server_live_stream *stream) {
    pthread_mutex_lock(&live->lock);
    stream->finishing = true;
    wake(live);
    pthread_mutex_unlock(&live->lock);
}

void server_live_look(struct server_live *live, struct server_live_stream *stream,
                      struct server_live_view *out) {
    pthread_mutex_lock(&live->lock);
    *out = (struct server_live_view){.samples = stream->samples,
                                     .finishing = stream->finishing,
                                     .unsent = stream->events.unsent != NULL,
                                     .lost = stream->lost,
                                     .full = stream->pieces.size >= MAX_WAITING,
                                     .close = stream->close};
    pthread_mutex_unlock(&live->lock);
}

size_t server_live_next(struct server_live *live, struct server_live_stream *stream, char *out,
                        size_t room, uint64_t *seq) {
    pthread_mutex_lock(&live->lock);
    const struct server_event *event = server_events_next(&stream->events);
    size_t size = !event ? 0 : event->size < room ? event->size : room;
    if (size) {
        memcpy(out, event->text, size);
        *seq = event->seq;
    }
    pthread_mutex_unlock(&live->lock);
    return size;
}

void server_live_drain(struct server_live *live) {
    pthread_mutex_lock(&live->lock);
    for (struct server_live_stream *stream = live->first; stream; stream = stream->next)
        stream->away = stream->finishing = true;
    wake(live);
    pthread_mutex_unlock(&live->lock);
}

void server_live_totals(struct server_live *live, struct server_live_totals *out) {
    pthread_mutex_lock(&live->lock);
    *out = live->totals;
    out->attached = 0;
    out->behind_s = 0;
    for (struct server_live_stream *stream = live->first; stream; stream = stream->next) {
        double behind_s = (double)stream->pieces.num / stream->params.rate_hz;
        out->attached += stream->detached_at == 0;
        out->behind_s = behind_s > out->behind_s ? behind_s : out->behind_s;
    }
    pthread_mutex_unlock(&live->lock);
}
