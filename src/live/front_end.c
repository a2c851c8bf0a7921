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
    CENTRE_OF_FRAME = DR_FRAME_DURATION / 2,
    RECENT = 480 /* samples before new ones that features and sinc layer reach back to, or more */
};

static size_t column_bytes(enum dr_precision precision) {
    return DR_COLUMN_DIM * (precision == DR_INT16 ? sizeof(dr_half) : sizeof(float));
}

static size_t past_bytes(enum dr_precision precision) {
    return (dr_sincnet_past_bytes(precision) + DR_ALIGN - 1) / DR_ALIGN * DR_ALIGN;
}

/* How much is kept of what. */
struct room {
    size_t memory; /* bytes of samples and past */
    size_t chunks, part, energies;
};

static struct room room_of(const struct dr_live_params *params, enum dr_precision precision) {
    const size_t part = params->step / DR_FBANK_STEP + DR_LIVE_CONTEXT, next = 2 * params->step;
    const size_t growing = (DR_CHUNK_SAMPLES + next) * sizeof(float);
    const size_t grown = past_bytes(precision) + (RECENT + next) * sizeof(float);
    struct room room = {.memory = growing > grown ? growing : grown,
                        .chunks = (params->delay + 2 * params->step) / params->step + 4,
                        .part = part > DR_LIVE_PART ? part : DR_LIVE_PART};
    room.energies = room.part + 2 * params->step / DR_FBANK_STEP;
    return room;
}

size_t dr_front_end_bytes(const struct dr_live_params *params, enum dr_precision precision) {
    enum { ALLOCATIONS = 9 };
    const struct room room = room_of(params, precision);
    return room.memory + room.energies * DR_MELS * sizeof(float) +
           COLUMNS * column_bytes(precision) +
           room.chunks * (FRAMES * (1 + Q) + Q * (sizeof(struct dr_embedding) + 1)) +
           sizeof(struct dr_chunk_marginals) + sizeof(struct dr_campplus_past) +
           (size_t)ALLOCATIONS * DR_ALIGN;
}

int dr_front_end_open(struct dr_front_end *fe, const struct diarist_model *model,
                      const struct dr_networks *networks, const struct dr_live_params *params,
                      struct dr_arena *arena, diarist_error *err) {
    const struct room room = room_of(params, networks->precision);
    *fe = (struct dr_front_end){.model = model,
                                .networks = networks,
                                .step = params->step,
                                .reconstruct = params->reconstruct,
                                .max_chunks = room.chunks,
                                .part = room.part,
                                .max_energies = room.energies};
    fe->memory = dr_arena_alloc(arena, room.memory, 1);
    fe->active = dr_arena_alloc(arena, fe->max_chunks, FRAMES);
    fe->marginal = dr_arena_alloc(arena, fe->max_chunks, FRAMES * Q);
    fe->local = dr_arena_alloc(arena, fe->max_chunks, Q * sizeof *fe->local);
    fe->has_local = dr_arena_alloc(arena, fe->max_chunks, Q);
    fe->marginals = dr_arena_alloc(arena, 1, sizeof *fe->marginals);
    fe->energies = dr_arena_alloc(arena, fe->max_energies, DR_MELS * sizeof *fe->energies);
    fe->columns = dr_arena_alloc(arena, COLUMNS, column_bytes(networks->precision));
    fe->trunk = dr_arena_zalloc(arena, 1, sizeof *fe->trunk);
    dr_counter_open(&fe->counter);
    if (!fe->memory || !fe->active || !fe->marginal || !fe->local || !fe->has_local ||
        !fe->marginals || !fe->energies || !fe->columns || !fe->trunk)
        return dr_fail_memory(err);
    fe->samples = fe->memory;
    fe->recent = (float *)(void *)((char *)fe->memory + past_bytes(networks->precision));
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

/* Whether the samples that a step ends with are kept as what the sinc layer makes of them. */
static int has_past(size_t end) {
    return end >= DR_CHUNK_SAMPLES;
}

static const struct dr_sincnet *sincnet_of(const struct dr_front_end *fe) {
    return dr_pyannet_sincnet(fe->networks->pyannet);
}

/* First sample that the features have not been made of. */
static size_t energies_need(const struct dr_front_end *fe) {
    return fe->num_energies * DR_FBANK_STEP;
}

/* Forgets samples before `first`; the others move to `to`. */
static void move_samples(struct dr_front_end *fe, float *to, size_t first) {
    memmove(to, fe->samples + (first - fe->first_sample),
            (fe->num_samples - first) * sizeof *fe->samples);
    fe->samples = to;
    fe->first_sample = first;
}

/* Of the first 10 s, which take the place of their samples. */
static void start_past(struct dr_front_end *fe, float *scratch) {
    const size_t n = DR_CHUNK_SAMPLES, energies = energies_need(fe);
    memcpy(scratch, fe->samples, n * sizeof *scratch);
    move_samples(fe, fe->recent, energies < n - RECENT ? energies : n - RECENT);
    dr_sincnet_past_init(&fe->past, fe->memory);
    dr_sincnet_hear(sincnet_of(fe), &fe->past, scratch, 0, n, scratch + n);
}

/* The past up to the end of the chunk that begins with sample `first`: behind the stream's end,
 * which is in the middle of a step, there is silence. */
static void hear(struct dr_front_end *fe, size_t first, size_t end, float *scratch) {
    const size_t chunk_end = first + DR_CHUNK_SAMPLES;
    memset(fe->samples + (end - fe->first_sample), 0, (chunk_end - end) * sizeof *fe->samples);
    dr_sincnet_hear(sincnet_of(fe), &fe->past, fe->samples, fe->first_sample, chunk_end, scratch);
}

static void find_sound(struct dr_front_end *fe, size_t end) {
    const float *heard = fe->samples + (fe->heard - fe->first_sample);
    size_t i = end;
    while (i > fe->heard && heard[i - 1 - fe->heard] == 0.0f)
        i--;
    fe->sound_end = i > fe->heard ? i : fe->sound_end;
}

int dr_front_end_hear(struct dr_front_end *fe, size_t end, float *scratch) {
    const size_t first = chunk_of(fe, end) * fe->step;
    if (end == fe->heard) /* the stream ends with the last step */
        return 0;
    find_sound(fe, end);
    if (end == DR_CHUNK_SAMPLES)
        start_past(fe, scratch);
    else if (has_past(end))
        hear(fe, first, end, scratch);
    return fe->sound_end > first;
}

void dr_front_end_convolve(const struct dr_front_end *fe, float *sequence, size_t index,
                           size_t batch, size_t end, float *scratch) {
    float *chunk = scratch, *rest = scratch + DR_CHUNK_SAMPLES;
    if (has_past(end)) {
        dr_sincnet_run_past(sincnet_of(fe), sequence, &fe->past, chunk_of(fe, end) * fe->step,
                            index, batch, scratch);
        return;
    }
    memcpy(chunk, fe->samples, end * sizeof *chunk);
    dr_samples_mirror(chunk, end, DR_CHUNK_SAMPLES);
    dr_sincnet_run_chunk(sincnet_of(fe), sequence, chunk, index, batch, rest);
}

/* Forgets what no later step reads. */
static void drop_samples(struct dr_front_end *fe) {
    const size_t past = dr_sincnet_past_needs(&fe->past), energies = energies_need(fe);
    if (has_past(fe->heard))
        move_samples(fe, fe->samples, past < energies ? past : energies);
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

/* Where column number c is kept. */
static void *place_of_column(const struct dr_front_end *fe, size_t c) {
    return (char *)fe->columns + (c - fe->first_column) * column_bytes(fe->networks->precision);
}

/* Columns from number c on, to their places and from there. */
static void store_columns(struct dr_front_end *fe, size_t c, const float *columns, size_t num) {
    void *to = place_of_column(fe, c);
    if (fe->networks->precision == DR_INT16)
        fe->model->kernels.to_half(to, columns, 1.0f, num * DR_COLUMN_DIM);
    else
        memcpy(to, columns, num * DR_COLUMN_DIM * sizeof *columns);
}

/* In scratch [num][512], or where they are. */
static const float *load_columns(const struct dr_front_end *fe, size_t c, size_t num,
                                 float *scratch) {
    if (fe->networks->precision != DR_INT16)
        return place_of_column(fe, c);
    fe->model->kernels.from_half(scratch, place_of_column(fe, c), 1.0f, num * DR_COLUMN_DIM);
    return scratch;
}

/* Room for columns up to number `to`. */
static void make_room(struct dr_front_end *fe, size_t to) {
    if (to - fe->first_column <= COLUMNS)
        return;
    const size_t drop = to - fe->first_column - COLUMNS;
    memmove(fe->columns, place_of_column(fe, fe->first_column + drop),
            (fe->num_columns - fe->first_column - drop) * column_bytes(fe->networks->precision));
    fe->first_column += drop;
}

static int any_speech(const struct dr_front_end *fe, size_t begin, size_t end) {
    for (size_t t = begin; t < end; t++)
        if (is_speech(fe, t))
            return 1;
    return 0;
}

/* The trunk on frames up to `end`, from where it has heard to or, of nothing, the last ones: always
 * so at short steps, whose columns lack too much of what follows them for others to build on, and
 * at long ones, which are context enough. Columns s->columns; returns the number of the first. */
static size_t run_trunk(struct dr_front_end *fe, const struct trunk_scratch *s, size_t end) {
    if (fe->step < DR_LIVE_SHORT_STEP || fe->step > DR_LIVE_LONG_STEP)
        dr_campplus_past_forget(fe->trunk);
    const int continues = fe->trunk->num > 0.0f;
    const size_t last = end > fe->part ? end - fe->part : 0;
    const size_t from = continues ? 2 * fe->num_columns : last;
    const size_t lead = continues ? DR_CAMPPLUS_LEAD : 0, begin = from - lead;
    float mean[DR_MELS], *features = s->features;
    const float *energies = fe->energies + (begin - fe->first_energy) * DR_MELS;
    dr_speech_mean_get(mean, &fe->mean);
    for (size_t t = begin; t < end; t++)
        for (size_t m = 0; m < DR_MELS; m++)
            *features++ = *energies++ - mean[m];
    dr_campplus_continue(fe->networks->campplus, fe->trunk, s->columns, s->features, lead,
                         end - begin, s->network);
    return from / 2;
}

/* New columns; where nobody talks they are not wanted, and are zeros. */
static void add_columns(struct dr_front_end *fe, float *scratch) {
    const size_t to = fe->num_energies / 2;
    if (to <= fe->num_columns)
        return;
    struct trunk_scratch s;
    lay_out(&s, scratch);
    make_room(fe, to);
    const size_t num = to - fe->num_columns;
    if (any_speech(fe, 2 * fe->num_columns, 2 * to)) {
        const size_t first = run_trunk(fe, &s, 2 * to);
        store_columns(fe, fe->num_columns, s.columns + (fe->num_columns - first) * DR_COLUMN_DIM,
                      num);
    } else {
        memset(place_of_column(fe, fe->num_columns), 0,
               num * column_bytes(fe->networks->precision));
        dr_campplus_past_forget(fe->trunk);
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
    const float *columns = load_columns(fe, begin, end - begin, worker->scratch + DR_VOICE_SCRATCH);
    dr_embed_window(&fe->window[at], worker, columns, usable, end - begin);
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
    const size_t left = fe->num_columns > begin ? fe->num_columns - begin : 0;
    const size_t num = left < DR_CHUNK_COLUMNS ? left : DR_CHUNK_COLUMNS;
    dr_embed_local_speakers(fe->local + place * Q, fe->has_local + place * Q, worker,
                            load_columns(fe, begin, num, worker->scratch + DR_VOICE_SCRATCH), num,
                            fe->active + place * FRAMES, 1);
}

/* ---- a step ---- */

size_t dr_front_end_scratch(void) {
    const size_t needs[] = {DR_CHUNK_SAMPLES + dr_sincnet_scratch(1), dr_fbank_scratch(),
                            lay_out(NULL, NULL),
                            DR_VOICE_SCRATCH + (size_t)DR_CHUNK_COLUMNS * DR_COLUMN_DIM};
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
