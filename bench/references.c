/* references.c - the references of a folder.
 * SPDX-License-Identifier: MIT */
#include "references.h"

#include "common/fail.h"
#include "files.h"
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void bench_references_free(struct bench_references *references) {
    if (!references)
        return;
    for (size_t i = 0; i < references->num_files; i++) {
        diarist_document_free(references->files[i].document);
        free(references->files[i].path);
        free(references->files[i].problem);
    }
    for (size_t i = 0; i < references->num; i++)
        free(references->items[i].stem);
    free(references->files);
    free(references->items);
    bench_names_free(&references->variants);
    free(references);
}

static bool has(const struct bench_names *sorted, const char *name) {
    size_t low = 0, high = sorted->num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(sorted->names[middle], name);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* "a.phrases.rttm" is a variant where "a.rttm" is there. */
static int is_variant(bool *is, const struct bench_names *names, const char *name,
                      const struct bench_names *audio_ids, diarist_error *err) {
    char *stem = bench_text_of("%.*s", (int)(bench_extension(name) - name), name);
    *is = false;
    for (size_t n = stem ? strlen(stem) : 0; n > 1 && !*is; n--) {
        if (stem[n - 1] != '.')
            continue;
        char *shorter = bench_text_of("%.*s%s", (int)(n - 1), stem, bench_extension(name));
        if (!shorter) {
            free(stem);
            stem = NULL;
            break;
        }
        *is = has(names, shorter) && !has(audio_ids, stem);
        free(shorter);
    }
    free(stem);
    return stem ? DIARIST_OK : common_fail_memory(err);
}

static int add_item(struct bench_references *references, const struct bench_reference *item,
                    diarist_error *err) {
    /* Doubled at powers of two. */
    if (!(references->num & (references->num - 1))) {
        size_t capacity = references->num ? 2 * references->num : 1;
        struct bench_reference *items = realloc(references->items, capacity * sizeof *items);
        if (!items) {
            free(item->stem);
            return common_fail_memory(err);
        }
        references->items = items;
    }
    references->items[references->num++] = *item;
    return DIARIST_OK;
}

static int add_items(struct bench_references *references, size_t file, diarist_error *err) {
    const struct bench_reference_file *of = &references->files[file];
    const char *name = bench_path_name(of->path);
    size_t num = of->document ? diarist_document_num_recordings(of->document) : 0;
    int status = DIARIST_OK;
    for (size_t i = 0; !status && (i < num || (i == 0 && num == 0)); i++) {
        struct bench_reference item = {.file = file, .recording = num ? i : SIZE_MAX};
        if (num <= 1) {
            item.stem = bench_text_of("%.*s", (int)(bench_extension(name) - name), name);
            if (!item.stem)
                return common_fail_memory(err);
        }
        item.id = num ? diarist_document_recording_id(of->document, i) : item.stem;
        status = add_item(references, &item, err);
    }
    return status;
}

static int read_file(struct bench_references *references, const char *folder, const char *name,
                     diarist_error *err) {
    struct bench_reference_file *file = &references->files[references->num_files];
    diarist_error wrong;
    file->path = bench_text_of("%s/%s", folder, name);
    if (!file->path)
        return common_fail_memory(err);
    references->num_files++;
    int status = bench_file_check(file->path, &wrong);
    if (!status)
        status = diarist_document_read(&file->document, file->path, "rttm", &wrong);
    if (status == DIARIST_ERROR_MEMORY)
        return common_fail_memory(err);
    if (status && !(file->problem = bench_text_of("%s", wrong.message)))
        return common_fail_memory(err);
    return add_items(references, references->num_files - 1, err);
}

int bench_references_read(struct bench_references **out, const char *folder,
                          const struct bench_names *audio_ids, diarist_error *err) {
    struct bench_names names = {0};
    struct bench_references *references = calloc(1, sizeof *references);
    int status = references ? bench_folder_names(&names, folder, err) : common_fail_memory(err);
    *out = NULL;
    if (!status && !(references->files = calloc(names.num + 1, sizeof *references->files)))
        status = common_fail_memory(err);
    for (size_t i = 0; !status && i < names.num; i++) {
        bool variant;
        if (!bench_has_extension(names.names[i], "rttm"))
            continue;
        status = is_variant(&variant, &names, names.names[i], audio_ids, err);
        if (!status)
            status = variant ? bench_names_add(&references->variants, names.names[i], err)
                             : read_file(references, folder, names.names[i], err);
    }
    bench_names_free(&names);
    if (status)
        bench_references_free(references);
    else
        *out = references;
    return status;
}

/* ---- facts --------------------------------------------------------------------------------- */

struct edge {
    double time_s;
    int32_t speaker;
    int change;
};

static int by_time(const void *a, const void *b) {
    const struct edge *x = a, *y = b;
    if (x->time_s != y->time_s)
        return x->time_s < y->time_s ? -1 : 1;
    return x->change - y->change;
}

/* talking [num_speakers]: how many turns of each speaker are open. */
static void sweep(struct bench_reference_facts *out, const struct edge *edges, size_t num,
                  int32_t *talking) {
    size_t num_talking = 0;
    for (size_t i = 0; i < num; i++) {
        double length_s = i ? edges[i].time_s - edges[i - 1].time_s : 0;
        out->speech_s += num_talking >= 1 ? length_s : 0;
        out->overlap_s += num_talking >= 2 ? length_s : 0;
        int32_t before = talking[edges[i].speaker];
        talking[edges[i].speaker] += edges[i].change;
        num_talking += before == 0;
        num_talking -= talking[edges[i].speaker] == 0;
    }
}

int bench_reference_facts(struct bench_reference_facts *out,
                          const struct bench_references *references,
                          const struct bench_reference *reference, diarist_error *err) {
    const diarist_document *document = references->files[reference->file].document;
    *out = (struct bench_reference_facts){0};
    if (reference->recording == SIZE_MAX)
        return DIARIST_OK;
    size_t recording = reference->recording;
    size_t num = diarist_document_num_turns(document, recording, DIARIST_OVERLAPPING);
    size_t num_speakers = diarist_document_num_speakers(document, recording);
    struct edge *edges = calloc(2 * num + 1, sizeof *edges);
    int32_t *talking = calloc(num_speakers + 1, sizeof *talking);
    if (edges && talking) {
        diarist_turn turn;
        for (size_t i = 0; i < num; i++) {
            diarist_document_turn(document, recording, DIARIST_OVERLAPPING, i, &turn);
            edges[2 * i] = (struct edge){turn.start, turn.speaker, 1};
            edges[2 * i + 1] = (struct edge){turn.end, turn.speaker, -1};
            out->end_s = turn.end > out->end_s ? turn.end : out->end_s;
        }
        qsort(edges, 2 * num, sizeof *edges, by_time);
        sweep(out, edges, 2 * num, talking);
        out->num_turns = num;
        out->num_speakers = num_speakers;
    }
    int status = edges && talking ? DIARIST_OK : common_fail_memory(err);
    free(edges);
    free(talking);
    return status;
}
