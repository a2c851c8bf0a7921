/* match.c - which recording belongs to which reference.
 * SPDX-License-Identifier: MIT */
#include "match.h"

#include "common/fail.h"
#include "text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const audio_extensions[] = {
    "wav", "flac", "mp3", "ogg", "oga", "opus", "m4a",  "mp4", "aac", "webm", "mkv", "mka", "mov",
    "aif", "aiff", "au",  "snd", "caf", "w64",  "rf64", "wma", "amr", "3gp",  "sph", "avi", "mpg"};

void bench_recordings_free(struct bench_recordings *recordings) {
    if (!recordings)
        return;
    for (size_t i = 0; i < recordings->num; i++) {
        free(recordings->items[i].id);
        free(recordings->items[i].name);
    }
    free(recordings->items);
    bench_names_free(&recordings->bad_names);
    free(recordings);
}

static bool is_audio(const char *name) {
    for (size_t i = 0; i < sizeof audio_extensions / sizeof audio_extensions[0]; i++)
        if (bench_has_extension(name, audio_extensions[i]))
            return true;
    return false;
}

static int by_id(const void *a, const void *b) {
    const struct bench_recording *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : strcmp(x->name, y->name);
}

static int add_recording(struct bench_recordings *recordings, const char *name,
                         diarist_error *err) {
    struct bench_recording *item = &recordings->items[recordings->num];
    item->name = bench_text_of("%s", name);
    item->id = bench_text_of("%.*s", (int)(bench_extension(name) - name), name);
    item->reference = SIZE_MAX;
    recordings->num++;
    if (!item->name || !item->id)
        return common_fail_memory(err);
    for (char *c = item->id; *c; c++)
        if (isspace((unsigned char)*c))
            *c = '_';
    return DIARIST_OK;
}

int bench_recordings_list(struct bench_recordings **out, const char *folder, diarist_error *err) {
    struct bench_names names = {0};
    struct bench_recordings *recordings = calloc(1, sizeof *recordings);
    int status = recordings ? bench_folder_names(&names, folder, err) : common_fail_memory(err);
    *out = NULL;
    if (!status && !(recordings->items = calloc(names.num + 1, sizeof *recordings->items)))
        status = common_fail_memory(err);
    for (size_t i = 0; !status && i < names.num; i++)
        if (is_audio(names.names[i]))
            status = bench_is_utf8(names.names[i])
                         ? add_recording(recordings, names.names[i], err)
                         : bench_names_add(&recordings->bad_names, names.names[i], err);
    bench_names_free(&names);
    if (status) {
        bench_recordings_free(recordings);
        return status;
    }
    qsort(recordings->items, recordings->num, sizeof *recordings->items, by_id);
    *out = recordings;
    return DIARIST_OK;
}

/* ---- ids ----------------------------------------------------------------------------------- */

/* Where the digits at the end of the first n bytes begin. */
static size_t before_digits(const char *id, size_t n) {
    while (n > 0 && isdigit((unsigned char)id[n - 1]))
        n--;
    return n;
}

static bool ends_with(const char *id, size_t n, const char *end) {
    size_t length = strlen(end);
    return n > length && !strncasecmp(id + n - length, end, length);
}

size_t bench_id_without_channel(const char *id) {
    static const char *const whole[] = {".Mix-Headset", ".Mix-Lapel"};
    static const char *const numbered[] = {".Headset-", ".Lapel-", "_MS", "_ch", "-ch", ".ch"};
    size_t n = strlen(id), start = before_digits(id, n);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (ends_with(id, n, whole[i]))
            return n - strlen(whole[i]);
    for (size_t i = 0; start < n && i < sizeof numbered / sizeof numbered[0]; i++)
        if (ends_with(id, start, numbered[i]))
            return start - strlen(numbered[i]);
    if (start < n && start > 0 && id[start - 1] == '-') { /* ".Array1-01" */
        size_t array = before_digits(id, start - 1);
        if (array < start - 1 && ends_with(id, array, ".Array"))
            return array - strlen(".Array");
    }
    return n;
}

/* ---- the rounds ---------------------------------------------------------------------------- */

struct key {
    const char *text; /* its first n bytes */
    size_t n;
    bool other_name; /* its file is not named like it */
    size_t reference;
};

static int compare_text(const char *a, size_t a_n, const char *b, size_t b_n) {
    int order = memcmp(a, b, a_n < b_n ? a_n : b_n);
    return order ? order : (a_n > b_n) - (a_n < b_n);
}

static int by_key(const void *a, const void *b) {
    const struct key *x = a, *y = b;
    int order = compare_text(x->text, x->n, y->text, y->n);
    if (order)
        return order;
    if (x->other_name != y->other_name)
        return x->other_name - y->other_name;
    return (x->reference > y->reference) - (x->reference < y->reference);
}

size_t bench_recordings_find(const struct bench_recordings *recordings, const char *id) {
    size_t low = 0, high = recordings->num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(recordings->items[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < recordings->num && !strcmp(recordings->items[low].id, id) ? low : SIZE_MAX;
}

struct round {
    bool by_stem, without_channel;
};

/* The keys of the references that nobody has yet, sorted. */
static size_t make_keys(struct key *keys, const struct bench_recordings *recordings,
                        const struct bench_references *references, struct round round) {
    size_t num = 0;
    for (size_t i = 0; i < references->num; i++) {
        const struct bench_reference *reference = &references->items[i];
        const char *stem = reference->stem, *text = round.by_stem ? stem : reference->id;
        if (reference->taken || !text ||
            (round.by_stem && bench_recordings_find(recordings, reference->id) != SIZE_MAX))
            continue;
        bool same = stem && !strcmp(stem, text);
        keys[num++] = (struct key){text, strlen(text), !same, i};
    }
    if (num)
        qsort(keys, num, sizeof *keys, by_key);
    return num;
}

/* The first of the keys that is not before text. */
static size_t lower_bound(const struct key *keys, size_t num, const char *text, size_t n) {
    size_t low = 0, high = num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_text(keys[middle].text, keys[middle].n, text, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_key(const struct key *keys, size_t num, size_t at, const char *text, size_t n) {
    return at < num && !compare_text(keys[at].text, keys[at].n, text, n);
}

static void match_round(struct key *keys, struct bench_recordings *recordings,
                        struct bench_references *references, struct round round) {
    size_t num = make_keys(keys, recordings, references, round);
    for (size_t i = 0; i < recordings->num; i++) {
        struct bench_recording *item = &recordings->items[i];
        if (item->reference != SIZE_MAX || item->duplicate)
            continue;
        size_t n = round.without_channel ? bench_id_without_channel(item->id) : strlen(item->id);
        size_t at = lower_bound(keys, num, item->id, n);
        if (!is_key(keys, num, at, item->id, n))
            continue;
        /* Taken: another channel of the same recording was here before. */
        item->duplicate = references->items[keys[at].reference].taken;
        if (item->duplicate)
            continue;
        item->reference = keys[at].reference;
        references->items[item->reference].taken = true;
    }
}

/* What is left over because another channel of it has the reference. */
static void mark_channels(struct key *keys, struct bench_recordings *recordings) {
    size_t num = 0;
    for (size_t i = 0; i < recordings->num; i++) {
        const char *id = recordings->items[i].id;
        if (recordings->items[i].reference != SIZE_MAX)
            keys[num++] = (struct key){id, bench_id_without_channel(id), false, i};
    }
    if (num)
        qsort(keys, num, sizeof *keys, by_key);
    for (size_t i = 0; i < recordings->num; i++) {
        struct bench_recording *item = &recordings->items[i];
        size_t n = bench_id_without_channel(item->id);
        if (item->reference == SIZE_MAX && !item->duplicate)
            item->duplicate = is_key(keys, num, lower_bound(keys, num, item->id, n), item->id, n);
    }
}

int bench_match(struct bench_recordings *recordings, struct bench_references *references,
                diarist_error *err) {
    size_t most = recordings->num > references->num ? recordings->num : references->num;
    struct key *keys = calloc(most + 1, sizeof *keys);
    if (!keys)
        return common_fail_memory(err);
    for (size_t i = 1; i < recordings->num; i++)
        recordings->items[i].duplicate =
            !strcmp(recordings->items[i].id, recordings->items[i - 1].id);
    for (int i = 0; i < 4; i++)
        match_round(keys, recordings, references, (struct round){i % 2 == 1, i >= 2});
    mark_channels(keys, recordings);
    free(keys);
    return DIARIST_OK;
}
