/* document.c - building, settling and freeing documents.
 * SPDX-License-Identifier: MIT
 *
 * Ids are looked up in the C library's balanced trees (search.h): a hostile file cannot make that
 * slow. A tree node points to a dr_key, which holds its own copy of the id. */
#define _GNU_SOURCE
#include "document.h"

#include "base/error.h"
#include "base/growing.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct dr_key {
    size_t index;
    const char *id; /* of the speaker or recording itself */
};

static int compare_keys(const void *a, const void *b) {
    return strcmp(((const struct dr_key *)a)->id, ((const struct dr_key *)b)->id);
}

static const struct dr_key *find_key(void *const *tree, const char *id) {
    struct dr_key wanted = {.id = id};
    const struct dr_key *const *node = tfind(&wanted, tree, compare_keys);
    return node ? *node : NULL;
}

static int add_key(void **tree, const char *id, size_t index) {
    struct dr_key *key = malloc(sizeof *key);
    if (!key)
        return -1;
    *key = (struct dr_key){.index = index, .id = id};
    if (!tsearch(key, tree, compare_keys)) {
        free(key);
        return -1;
    }
    return 0;
}

/* ---- text --------------------------------------------------------------------------------- */

/* Length of the well-formed UTF-8 character at s (Unicode 15, table 3-7), or 0. */
static size_t character_length(const unsigned char *s, size_t n) {
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n < length)
        return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return length;
}

/* malloc'ed, every byte that is no part of a character replaced by U+FFFD. */
static char *copy_text(const char *text, size_t num_bytes) {
    if (num_bytes > SIZE_MAX / 3 - 1)
        return NULL;
    const unsigned char *in = (const unsigned char *)text;
    size_t grown = 0;
    for (size_t i = 0, length; i < num_bytes; i += length ? length : 1) {
        length = character_length(in + i, num_bytes - i);
        grown += length ? length : 3;
    }
    char *copy = malloc(grown + 1), *out = copy;
    if (!copy)
        return NULL;
    for (size_t i = 0, length; i < num_bytes; i += length ? length : 1) {
        length = character_length(in + i, num_bytes - i);
        memcpy(out, length ? text + i : "\xef\xbf\xbd", length ? length : 3);
        out += length ? length : 3;
    }
    *out = 0;
    return copy;
}

int dr_document_set_text(char **field, const char *text, size_t num_bytes, diarist_error *err) {
    char *copy = NULL;
    if (text && !(copy = copy_text(text, num_bytes)))
        return dr_fail_memory(err);
    free(*field);
    *field = copy;
    return DIARIST_OK;
}

char *dr_document_id_of(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = strcmp(path, "-") == 0 ? "stdin" : slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    char *id = length ? copy_text(name, length) : copy_text("recording", 9);
    for (char *c = id; c && *c; c++)
        if (*c == ' ' || (*c >= '\t' && *c <= '\r'))
            *c = '_';
    return id;
}

/* ---- recordings and speakers -------------------------------------------------------------- */

static void free_recording(struct dr_document_recording *recording) {
    if (!recording)
        return;
    tdestroy(recording->speaker_index, free);
    for (size_t i = 0; i < recording->num_speakers; i++) {
        free(recording->speakers[i].id);
        free(recording->speakers[i].name);
        free(recording->speakers[i].embedding);
    }
    free(recording->speakers);
    free(recording->turns[0].items);
    free(recording->turns[1].items);
    free(recording->engine.version);
    free(recording->engine.instruction_set);
    free(recording->engine.precision);
    free(recording->engine.trunk);
    free(recording->engine.preset);
    free(recording->engine.model_name);
    free(recording->engine.model_sha256);
    free(recording->id);
    free(recording->file);
    free(recording->sha256);
    free(recording);
}

int diarist_document_new(diarist_document **out, diarist_error *err) {
    *out = calloc(1, sizeof **out);
    return *out ? DIARIST_OK : dr_fail_memory(err);
}

void diarist_document_free(diarist_document *document) {
    if (!document)
        return;
    tdestroy(document->recording_index, free);
    for (size_t i = 0; i < document->num_recordings; i++)
        free_recording(document->recordings[i]);
    free(document->recordings);
    free(document);
}

struct dr_document_recording *dr_document_find(const diarist_document *document, const char *id) {
    const struct dr_key *key = find_key(&document->recording_index, id);
    return key ? document->recordings[key->index] : NULL;
}

int dr_document_recording(struct dr_document_recording **out, diarist_document *document,
                          const char *id, diarist_error *err) {
    char *copy = copy_text(id, strlen(id));
    if (!copy)
        return dr_fail_memory(err);
    *out = dr_document_find(document, copy);
    if (*out) {
        free(copy);
        return DIARIST_OK;
    }
    struct dr_document_recording *added = calloc(1, sizeof *added);
    if (!added ||
        dr_grow(&document->recordings, &document->recordings_capacity, document->num_recordings + 1,
                sizeof added, err) ||
        add_key(&document->recording_index, copy, document->num_recordings)) {
        free(copy);
        free(added);
        return dr_fail_memory(err);
    }
    added->id = copy;
    document->recordings[document->num_recordings++] = added;
    *out = added;
    return DIARIST_OK;
}

/* Forgets the key of a recording. */
static void remove_key(void **tree, const char *id) {
    struct dr_key wanted = {.id = id}, **node = tfind(&wanted, tree, compare_keys);
    struct dr_key *key = node ? *node : NULL;
    tdelete(&wanted, tree, compare_keys);
    free(key);
}

int diarist_document_append(diarist_document *document, diarist_document *from,
                            diarist_error *err) {
    size_t num = document->num_recordings, added = 0;
    if (document == from)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "a document cannot be added to itself");
    for (size_t i = 0; i < from->num_recordings; i++)
        if (dr_document_find(document, from->recordings[i]->id))
            return dr_fail(err, DIARIST_ERROR_INPUT,
                           "recording \"%.120s\" is there already; give each recording once",
                           from->recordings[i]->id);
    int status = dr_grow(&document->recordings, &document->recordings_capacity,
                         num + from->num_recordings, sizeof *document->recordings, err);
    if (status)
        return status;
    for (; added < from->num_recordings; added++) {
        if (add_key(&document->recording_index, from->recordings[added]->id, num + added))
            break;
        document->recordings[num + added] = from->recordings[added];
    }
    if (added < from->num_recordings) {
        for (size_t i = 0; i < added; i++)
            remove_key(&document->recording_index, from->recordings[i]->id);
        return dr_fail_memory(err);
    }
    document->num_recordings += added;
    tdestroy(from->recording_index, free);
    from->recording_index = NULL;
    from->num_recordings = 0;
    return DIARIST_OK;
}

int diarist_document_rename(diarist_document *document, size_t recording, const char *id,
                            diarist_error *err) {
    if (recording >= document->num_recordings)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "there is no recording %zu; there are %zu",
                       recording, document->num_recordings);
    char *copy = copy_text(id, strlen(id));
    if (!copy)
        return dr_fail_memory(err);
    const struct dr_key *key = find_key(&document->recording_index, copy);
    int status = key && key->index != recording
                     ? dr_fail(err, DIARIST_ERROR_ARGUMENT,
                               "another recording is called \"%.120s\"; choose another id", copy)
                     : DIARIST_OK;
    if (status || key) {
        free(copy);
        return status;
    }
    if (add_key(&document->recording_index, copy, recording)) {
        free(copy);
        return dr_fail_memory(err);
    }
    struct dr_document_recording *renamed = document->recordings[recording];
    remove_key(&document->recording_index, renamed->id);
    free(renamed->id);
    renamed->id = copy;
    return DIARIST_OK;
}

int32_t dr_recording_find_speaker(const struct dr_document_recording *recording, const char *id) {
    const struct dr_key *key = find_key(&recording->speaker_index, id);
    return key ? (int32_t)key->index : -1;
}

int dr_recording_speaker(int32_t *out, struct dr_document_recording *recording, const char *id,
                         size_t num_bytes, diarist_error *err) {
    char *copy = copy_text(id, num_bytes);
    if (!copy)
        return dr_fail_memory(err);
    *out = dr_recording_find_speaker(recording, copy);
    if (*out >= 0) {
        free(copy);
        return DIARIST_OK;
    }
    if (recording->num_speakers >= INT32_MAX ||
        dr_grow(&recording->speakers, &recording->speakers_capacity, recording->num_speakers + 1,
                sizeof *recording->speakers, err) ||
        add_key(&recording->speaker_index, copy, recording->num_speakers)) {
        free(copy);
        *out = -1;
        return dr_fail_memory(err);
    }
    *out = (int32_t)recording->num_speakers;
    recording->speakers[recording->num_speakers++] = (struct dr_document_speaker){.id = copy};
    return DIARIST_OK;
}

int dr_recording_relabel(struct dr_document_recording *recording, const char *const *ids,
                         diarist_error *err) {
    void *index = NULL;
    size_t num = recording->num_speakers, done = 0;
    char **copies = calloc(num + 1, sizeof *copies);
    int status = copies ? DIARIST_OK : dr_fail_memory(err);
    for (; done < num && !status; done++) {
        copies[done] = copy_text(ids[done], strlen(ids[done]));
        if (copies[done] && find_key(&index, copies[done]))
            status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                             "two speakers would be called \"%.120s\"; choose different ids",
                             copies[done]);
        else if (!copies[done] || add_key(&index, copies[done], done))
            status = dr_fail_memory(err);
    }
    if (status) {
        tdestroy(index, free);
        for (size_t i = 0; i < done; i++)
            free(copies[i]);
    } else {
        tdestroy(recording->speaker_index, free);
        recording->speaker_index = index;
        for (size_t i = 0; i < num; i++) {
            free(recording->speakers[i].id);
            recording->speakers[i].id = copies[i];
        }
    }
    free(copies);
    return status;
}

const char *dr_speaker_label(const struct dr_document_speaker *speaker) {
    return speaker->name ? speaker->name : speaker->id;
}

/* ---- turns -------------------------------------------------------------------------------- */

static int append_turn(struct dr_document_turns *turns, const struct dr_document_turn *turn,
                       diarist_error *err) {
    int status =
        dr_grow(&turns->items, &turns->capacity, turns->num + 1, sizeof *turns->items, err);
    if (!status)
        turns->items[turns->num++] = *turn;
    return status;
}

int dr_recording_add_turn(struct dr_document_recording *recording, diarist_view view,
                          const struct dr_document_turn *turn, diarist_error *err) {
    return append_turn(&recording->turns[view], turn, err);
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Every field takes part, so that equal turns are interchangeable and the order is one. */
static int compare_turns(const void *left, const void *right) {
    const struct dr_document_turn *a = left, *b = right;
    int order = COMPARE(a->start_s, b->start_s);
    if (!order)
        order = COMPARE(a->speaker, b->speaker);
    if (!order)
        order = COMPARE(a->end_s, b->end_s);
    if (!order)
        order = COMPARE(a->channel, b->channel);
    return order ? order : COMPARE(a->confidence, b->confidence);
}

static void sort_turns(struct dr_document_turns *turns) {
    size_t kept = 0;
    for (size_t i = 0; i < turns->num; i++)
        if (turns->items[i].end_s > turns->items[i].start_s)
            turns->items[kept++] = turns->items[i];
    turns->num = kept;
    if (kept)
        qsort(turns->items, kept, sizeof *turns->items, compare_turns);
}

/* Sorted turns -> pieces of them without overlap: each keeps what lies after the ends of all
 * before. */
static void cut_overlap(struct dr_document_turns *turns) {
    size_t kept = 0;
    double covered_s = 0;
    for (size_t i = 0; i < turns->num; i++) {
        struct dr_document_turn piece = turns->items[i];
        if (piece.start_s < covered_s)
            piece.start_s = covered_s;
        if (piece.start_s >= piece.end_s)
            continue;
        covered_s = piece.end_s;
        turns->items[kept++] = piece;
    }
    turns->num = kept;
}

/* The latest end (or earliest start) seen so far, and that among the other speakers. */
struct two_speakers {
    double best_s, other_s;
    int32_t best_speaker;
};

/* Takes the end of a turn into account. */
static void see_end(struct two_speakers *seen, const struct dr_document_turn *turn) {
    if (turn->speaker == seen->best_speaker)
        seen->best_s = turn->end_s > seen->best_s ? turn->end_s : seen->best_s;
    else if (turn->end_s > seen->best_s)
        *seen = (struct two_speakers){turn->end_s, seen->best_s, turn->speaker};
    else if (turn->end_s > seen->other_s)
        seen->other_s = turn->end_s;
}

static double of_others(const struct two_speakers *seen, int32_t speaker) {
    return speaker == seen->best_speaker ? seen->other_s : seen->best_s;
}

/* Sorted turns: overlap is set where a turn of another speaker shares a stretch of time. */
static void mark_overlap(struct dr_document_turns *turns) {
    struct two_speakers seen = {-1, -1, -1};
    for (size_t i = 0; i < turns->num; i++) {
        struct dr_document_turn *turn = &turns->items[i];
        turn->overlap = of_others(&seen, turn->speaker) > turn->start_s;
        see_end(&seen, turn);
    }
    /* Backwards the newest turn starts first of all that follow. */
    seen = (struct two_speakers){DR_DOCUMENT_MAX_S * 2, DR_DOCUMENT_MAX_S * 2, -1};
    for (size_t i = turns->num; i-- > 0;) {
        struct dr_document_turn *turn = &turns->items[i];
        turn->overlap |= of_others(&seen, turn->speaker) < turn->end_s;
        seen = (struct two_speakers){
            turn->start_s, turn->speaker == seen.best_speaker ? seen.other_s : seen.best_s,
            turn->speaker};
    }
}

/* Disjoint, sorted pieces: overlap is set where a turn of another speaker shares a stretch of one.
 */
static void mark_pieces(struct dr_document_turns *pieces, const struct dr_document_turns *turns) {
    struct two_speakers seen = {-1, -1, -1};
    size_t next = 0;
    for (size_t i = 0; i < pieces->num; i++) {
        struct dr_document_turn *piece = &pieces->items[i];
        while (next < turns->num && turns->items[next].start_s < piece->end_s)
            see_end(&seen, &turns->items[next++]);
        piece->overlap = of_others(&seen, piece->speaker) > piece->start_s;
    }
}

int dr_recording_settle(struct dr_document_recording *recording, diarist_error *err) {
    struct dr_document_turns *overlapping = &recording->turns[DIARIST_OVERLAPPING];
    struct dr_document_turns *exclusive = &recording->turns[DIARIST_EXCLUSIVE];
    if (exclusive->num == 0)
        for (size_t i = 0; i < overlapping->num; i++)
            if (append_turn(exclusive, &overlapping->items[i], err))
                return DIARIST_ERROR_MEMORY;
    sort_turns(overlapping);
    mark_overlap(overlapping);
    sort_turns(exclusive);
    cut_overlap(exclusive);
    mark_pieces(exclusive, overlapping);
    return DIARIST_OK;
}

int dr_recording_order_speakers(struct dr_document_recording *recording, diarist_error *err) {
    size_t num = recording->num_speakers;
    if (num == 0)
        return DIARIST_OK;
    int32_t *rank = malloc(num * sizeof *rank);
    struct dr_document_speaker *sorted = malloc(num * sizeof *sorted);
    void *index = NULL;
    int status = rank && sorted ? DIARIST_OK : dr_fail_memory(err);
    if (status)
        goto done;
    for (size_t i = 0; i < num; i++)
        rank[i] = -1;
    int32_t next = 0;
    sort_turns(&recording->turns[DIARIST_OVERLAPPING]);
    for (size_t i = 0; i < recording->turns[DIARIST_OVERLAPPING].num; i++) {
        int32_t speaker = recording->turns[DIARIST_OVERLAPPING].items[i].speaker;
        if (rank[speaker] < 0)
            rank[speaker] = next++;
    }
    for (size_t i = 0; i < num; i++) {
        if (rank[i] < 0)
            rank[i] = next++;
        sorted[rank[i]] = recording->speakers[i];
        if (add_key(&index, recording->speakers[i].id, (size_t)rank[i])) {
            status = dr_fail_memory(err);
            goto done;
        }
    }
    memcpy(recording->speakers, sorted, num * sizeof *sorted);
    for (int view = 0; view < 2; view++)
        for (size_t i = 0; i < recording->turns[view].num; i++)
            recording->turns[view].items[i].speaker = rank[recording->turns[view].items[i].speaker];
    void *old = recording->speaker_index;
    recording->speaker_index = index;
    index = old;
done:
    tdestroy(index, free);
    free(sorted);
    free(rank);
    return status;
}
