/* front_end.c - what a live stream hears: of the last 10 seconds who talks, and with what voice.
 * SPDX-License-Identifier: MIT */
#include "live/front_end.h"

#include <string.h>

#include "base/error.h"
#include "pipeline/grids.h"
#include "pipeline/samples.h"
#include "reconstruct/frames.h"
#include "segmentation/powerset.h"

enum {
    FRAMES = DR_CHUNK_FRAMES,
    Q = DR_LOCAL_SPEAKERS,
    COLUMNS = DR_CHUNK_COLUMNS + 4, /* that are kept */
    CENTRE_OF_FRAME = DR_FRAME_DURATION / 2
};

/* How much is kept of what. */
struct room {
    size_t samples, chunks, part, energies;
};

static struct room room_of(const struct dr_live_params *params) {
    const size_t part = params->step / DR_FBANK_STEP + DR_LIVE_CONTEXT;
    struct room room = {.samples = DR_CHUNK_SAMPLES + 2 * params->step,
                        .chunks = (params->delay + 2 * params->step) / params->step + 4,
                        .part = part > DR_LIVE_PART ? part : DR_LIVE_PART};
    room.energies = room.part + 2 * params->step / DR_FBANK_STEP;
    return room;
}

size_t dr_front_end_bytes(const struct dr_live_params *params) {
    enum { ALLOCATIONS = 8 };
    const struct room room = room_of(params);
    return (room.samples + room.energies * DR_MELS + (size_t)COLUMNS * DR_COLUMN_DIM) *
               sizeof(float) +
           room.chunks * (FRAMES * (1 + Q) + Q * (sizeof(struct dr_embedding) + 1)) +
           sizeof(struct dr_chunk_marginals) + (size_t)ALLOCATIONS * DR_ALIGN;
}

int dr_front_end_open(struct dr_front_end *fe, const struct diarist_model *model,
                      const struct dr_networks *networks, const struct dr_live_params *params,
                      struct dr_arena *arena, diarist_error *err) {
    const struct room room = room_of(params);
    *fe = (struct dr_front_end){.model = model,
                                .networks = networks,
                                .step = params->step,
                                .reconstruct = params->reconstruct,
                                .max_chunks = room.chunks,
                                .part = room.part,
                                .max_energies = room.energies};
    fe->samples = dr_arena_alloc(arena, room.samples, sizeof *fe->samples);
    fe->active = dr_arena_alloc(arena, fe->max_chunks, FRAMES);
    fe->marginal = dr_arena_alloc(arena, fe->max_chunks, FRAMES * Q);
    fe->local = dr_arena_alloc(arena, fe->max_chunks, Q * sizeof *fe->local);
    fe->has_local = dr_arena_alloc(arena, fe->max_chunks, Q);
    fe->marginals = dr_arena_alloc(arena, 1, sizeof *fe->marginals);
    fe->energies = dr_arena_alloc(arena, fe->max_energies, DR_MELS * sizeof *fe->energies);
    fe->columns = dr_arena_alloc(arena, COLUMNS, DR_COLUMN_DIM * sizeof *fe->columns);
    dr_counter_open(&fe->counter);
    if (!fe->samples || !fe->active || !fe->marginal || !fe->local || !fe->has_local ||
        !fe->marginals || !fe->energies || !fe->columns)
        return dr_fail_memory(err);
    return DIARIST_OK;
}

/* ---- samples ---- */

size_t dr_front_end_feed(struct dr_front_end *fe, const float *samples, size_t n) {
    const size_t have = fe->num_samples - fe->first_sample;
    const size_t most = dr_front_end_due(fe) + fe->step - fe->num_samples;
    n = n < most ? n : most;
    float *to = fe->samples + have;
    if (samples)
        dr_samples_copy(to, samples, n);
    else
        memset(to, 0, n * sizeof *to);
    fe->num_samples += n;
    return n;
}

size_t dr_front_end_due(const struct dr_front_end *fe) {
    if (fe->heard < DR_CHUNK_SAMPLES)
        return fe->heard + fe->step < DR_CHUNK_SAMPLES ? fe->heard + fe->step : DR_CHUNK_SAMPLES;
    return fe->heard + fe->step;
}

/* Where the chunk of a step to sample `end` begins. */
static size_t chunk_of(const struct dr_front_end *fe, size_t end) {
    return end <= DR_CHUNK_SAMPLES ? 0 : (end - DR_CHUNK_SAMPLES + fe->step - 1) / fe->step;
}

int dr_front_end_chunk(const struct dr_front_end *fe, float *chunk, size_t end) {
    if (end == fe->heard) /* the stream ends with the last step */
        return 0;
    const size_t first = chunk_of(fe, end) * fe->step;
    const float *samples = fe->samples + (first - fe->first_sample);
    const size_t n = end - first;
    if (dr_samples_silent(samples, n))
        return 0;
    memcpy(chunk, samples, n * sizeof *chunk);
    if (first)
        memset(chunk + n, 0, (DR_CHUNK_SAMPLES - n) * sizeof *chunk);
    else
        dr_samples_mirror(chunk, n, DR_CHUNK_SAMPLES);
    return 1;
}

/* Forgets what no later step reads. */
static void drop_samples(struct dr_front_end *fe) {
    if (fe->heard < DR_CHUNK_SAMPLES)
        return;
    const size_t first = (fe->first_chunk + fe->num_chunks) * fe->step;
    const size_t drop = first - fe->first_sample;
    memmove(fe->samples, fe->samples + drop, (fe->num_samples - first) * sizeof *fe->samples);
    fe->first_sample = first;
}

/* ---- segmentation ---- */

/* Makes the chunk's place the last one; the first chunk has one place while it grows. */
static size_t place_of(struct dr_front_end *fe, size_t chunk) {
    if (fe->num_chunks && chunk < fe->first_chunk + fe->num_chunks)
        return chunk - fe->first_chunk;
    if (fe->num_chunks == fe->max_chunks) {
        const size_t drop = 2; /* the first stays even: its start is that of a column */
        const size_t left = fe->num_chunks - drop;
        memmove(fe->active, fe->active + drop * FRAMES, left * FRAMES);
        memmove(fe->marginal, fe->marginal + drop * FRAMES * Q, left * FRAMES * Q);
        memmove(fe->local, fe->local + drop * Q, left * Q * sizeof *fe->local);
        memmove(fe->has_local, fe->has_local + drop * Q, left * Q);
        fe->first_chunk += drop;
        fe->num_chunks = left;
    }
    return fe->num_chunks++;
}

/* The newest chunk's. */
static size_t last_place(const struct dr_front_end *fe) {
    return fe->num_chunks - 1;
}

/* Frames of the stream whose middle lies before sample `end`. */
static size_t frames_before(size_t end) {
    return end > CENTRE_OF_FRAME ? (end - CENTRE_OF_FRAME) / DR_FRAME_STEP + 1 : 0;
}

static void add_chunk(struct dr_front_end *fe, const float *logprob, size_t end) {
    const size_t chunk = chunk_of(fe, end), place = place_of(fe, chunk);
    const size_t first = dr_chunk_frame(chunk * fe->step);
    uint8_t *active = fe->active + place * FRAMES;
    if (logprob) {
        dr_powerset_decode(active, logprob, FRAMES);
        dr_marginals(fe->marginals, logprob, &fe->reconstruct);
    } else {
        memset(active, 0, FRAMES);
        memset(fe->marginals, 0, sizeof *fe->marginals);
    }
    dr_marginals_pack(fe->marginal + place * FRAMES * Q, fe->marginals);
    if (chunk == 0)
        dr_counter_open(&fe->counter);
    else
        dr_counter_settle(&fe->counter, fe->count, NULL, first);
    dr_counter_add(&fe->counter, fe->marginals);
    dr_counter_peek(&fe->counter, fe->count, first + FRAMES);
}

/* Frames that the last chunk says something of, of those that there are. */
static void find_end(struct dr_front_end *fe, size_t end, int last) {
    const size_t known = last ? dr_num_frames(end) : frames_before(end);
    const size_t chunk_end = dr_chunk_frame((fe->first_chunk + last_place(fe)) * fe->step) + FRAMES;
    fe->num_frames = known < chunk_end ? known : chunk_end;
}

/* ---- columns ---- */

/* Whether anybody talks at a frame of the features, as the last chunk says. */
static int is_speech(const struct dr_front_end *fe, size_t t) {
    const size_t first = dr_chunk_frame((fe->first_chunk + last_place(fe)) * fe->step);
    const size_t f = dr_nearest_frame(&dr_fbank_grid, t);
    if (f < first)
        return 0;
    return fe->active[last_place(fe) * FRAMES + (f - first < FRAMES ? f - first : FRAMES - 1)] != 0;
}

static void add_energies(struct dr_front_end *fe, size_t end, float *scratch) {
    const size_t to = dr_fbank_num_frames(end);
    if (to <= fe->num_energies)
        return;
    const size_t num = to - fe->num_energies;
    if (to - fe->first_energy > fe->max_energies) {
        const size_t drop = to - fe->first_energy - fe->max_energies;
        memmove(fe->energies, fe->energies + drop * DR_MELS,
                (fe->num_energies - fe->first_energy - drop) * DR_MELS * sizeof *fe->energies);
        fe->first_energy += drop;
    }
    float *energies = fe->energies + (fe->num_energies - fe->first_energy) * DR_MELS;
    dr_fbank_run(fe->model->fbank, energies,
                 fe->samples + (fe->num_energies * DR_FBANK_STEP - fe->first_sample), num, scratch);
    for (size_t t = fe->num_energies; t < to; t++, energies += DR_MELS) {
        const int speech = is_speech(fe, t);
        for (int m = 0; m < DR_MELS; m++) {
            fe->mean.all[m] += energies[m];
            fe->mean.speech[m] += speech ? energies[m] : 0.0f;
        }
        fe->mean.num_speech += (size_t)speech;
    }
    fe->mean.num_all += num;
    fe->num_energies = to;
}

struct trunk_scratch {
    float *features, *columns, *network;
};

static size_t lay_out(struct trunk_scratch *s, float *base) {
    const size_t features = DR_PADDED((size_t)DR_CAMPPLUS_MAX_FRAMES * DR_MELS);
    const size_t columns = DR_PADDED((size_t)DR_CAMPPLUS_MAX_FRAMES / 2 * DR_COLUMN_DIM);
    if (s)
        *s = (struct trunk_scratch){base, base + features, base + features + columns};
    return features + columns + dr_campplus_trunk_scratch();
}

/* Room for columns up to number `to`. */
static void make_room(struct dr_front_end *fe, size_t to) {
    if (to - fe->first_column <= COLUMNS)
        return;
    const size_t drop = to - fe->first_column - COLUMNS;
    memmove(fe->columns, fe->columns + drop * DR_COLUMN_DIM,
            (fe->num_columns - fe->first_column - drop) * DR_COLUMN_DIM * sizeof(float));
    fe->first_column += drop;
}

static int any_speech(const struct dr_front_end *fe, size_t begin, size_t end) {
    for (size_t t = begin; t < end; t++)
        if (is_speech(fe, t))
            return 1;
    return 0;
}

/* The trunk on the last frames before `end`; columns s->columns, of frames from the one returned
 * on. */
static size_t run_trunk(const struct dr_front_end *fe, const struct trunk_scratch *s, size_t end) {
    const size_t begin = end > fe->part ? end - fe->part : 0;
    float mean[DR_MELS], *features = s->features;
    const float *energies = fe->energies + (begin - fe->first_energy) * DR_MELS;
    dr_speech_mean_get(mean, &fe->mean);
    for (size_t t = begin; t < end; t++)
        for (size_t m = 0; m < DR_MELS; m++)
            *features++ = *energies++ - mean[m];
    dr_campplus_trunk(fe->networks->campplus, s->columns, s->features, end - begin, DR_EVERY_COLUMN,
                      s->network);
    return begin;
}

/* New columns; where nobody talks they are not wanted, and are zeros. */
static void add_columns(struct dr_front_end *fe, float *scratch) {
    const size_t to = fe->num_energies / 2;
    if (to <= fe->num_columns)
        return;
    struct trunk_scratch s;
    lay_out(&s, scratch);
    make_room(fe, to);
    float *columns = fe->columns + (fe->num_columns - fe->first_column) * DR_COLUMN_DIM;
    const size_t bytes = (to - fe->num_columns) * DR_COLUMN_DIM * sizeof *columns;
    if (any_speech(fe, 2 * fe->num_columns, 2 * to)) {
        const size_t first = run_trunk(fe, &s, 2 * to) / 2;
        memcpy(columns, s.columns + (fe->num_columns - first) * DR_COLUMN_DIM, bytes);
    } else {
        memset(columns, 0, bytes);
    }
    fe->num_columns = to;
}

/* ---- voices ---- */

/* Forgets the oldest window when there are enough. */
static void drop_window(struct dr_front_end *fe) {
    if (fe->num_windows < DR_LIVE_FINE_WINDOWS)
        return;
    fe->num_windows--;
    memmove(fe->window, fe->window + 1, fe->num_windows * sizeof *fe->window);
    memmove(fe->window_centre, fe->window_centre + 1, fe->num_windows * sizeof *fe->window_centre);
}

/* The window around a column, as far as there are columns, into place number `at`. 0 when too
 * little is to be heard in it. */
static int add_window(struct dr_front_end *fe, size_t at, size_t centre,
                      const struct dr_embed_worker *worker) {
    uint8_t usable[2 * DR_HALF_WINDOW];
    const size_t begin = dr_window_begin(centre), whole = centre + DR_HALF_WINDOW;
    const size_t end = whole < fe->num_columns ? whole : fe->num_columns;
    for (size_t c = begin; c < end; c++) {
        const size_t f = dr_nearest_frame(&dr_column_grid, c);
        usable[c - begin] = f >= fe->counter.first && dr_front_end_count(fe, f) == 1;
    }
    if (begin < fe->first_column || !dr_is_window(usable, begin, end, centre))
        return 0;
    dr_embed_window(&fe->window[at], worker,
                    fe->columns + (begin - fe->first_column) * DR_COLUMN_DIM, usable, end - begin);
    fe->window_centre[at] = centre;
    return 1;
}

/* Windows all of whose columns are there; then those that end with the audio, which at the end of
 * the stream are as good as others. */
static void add_windows(struct dr_front_end *fe, int last, const struct dr_embed_worker *worker) {
    fe->num_new = fe->num_partial = 0;
    for (; last ? fe->next_centre < fe->num_columns
                : fe->next_centre + DR_HALF_WINDOW <= fe->num_columns;
         fe->next_centre += DR_FINE_HOP) {
        drop_window(fe);
        if (!add_window(fe, fe->num_windows, fe->next_centre, worker))
            continue;
        fe->num_windows++;
        fe->num_new++;
    }
    for (size_t centre = fe->next_centre; centre < fe->num_columns; centre += DR_FINE_HOP)
        fe->num_partial +=
            (size_t)add_window(fe, fe->num_windows + fe->num_partial, centre, worker);
}

static void add_local_speakers(struct dr_front_end *fe, const struct dr_embed_worker *worker) {
    const size_t place = last_place(fe);
    const size_t begin = (fe->first_chunk + place) * fe->step / DR_COLUMN_STEP;
    const size_t num = fe->num_columns > begin ? fe->num_columns - begin : 0;
    dr_embed_local_speakers(fe->local + place * Q, fe->has_local + place * Q, worker,
                            fe->columns + (begin - fe->first_column) * DR_COLUMN_DIM,
                            num < DR_CHUNK_COLUMNS ? num : DR_CHUNK_COLUMNS,
                            fe->active + place * FRAMES, 1);
}

/* ---- a step ---- */

size_t dr_front_end_scratch(void) {
    const size_t needs[] = {dr_fbank_scratch(), lay_out(NULL, NULL), DR_VOICE_SCRATCH};
    size_t most = 0;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        most = needs[i] > most ? needs[i] : most;
    return most;
}

void dr_front_end_step(struct dr_front_end *fe, const float *logprob, size_t end, int last,
                       float *scratch) {
    const struct dr_embed_worker worker = {&fe->model->kernels, fe->networks->campplus, scratch};
    if (end > fe->heard)
        add_chunk(fe, logprob, end);
    find_end(fe, end, last);
    add_energies(fe, end, scratch);
    add_columns(fe, scratch);
    add_windows(fe, last, &worker);
    add_local_speakers(fe, &worker);
    fe->heard = end;
    if (!last)
        drop_samples(fe);
}
