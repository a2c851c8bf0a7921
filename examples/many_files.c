/* many_files.c - how many talk in each of many files, several files at a time.
 * SPDX-License-Identifier: MIT
 *
 * usage: many_files FILE...
 *
 * each FILE -> queue -> a line, in the order in which they are done. A file is opened and decoded
 * on the queue's thread that works on it; one that cannot be read does not stop the others. */
#include <diarist/diarist.h>
#include <diarist/io.h>

#include <stdio.h>
#include <stdlib.h>

struct file {
    const char *path;
    diarist_audio *audio; /* open while the queue works on it */
};

static int read_file(void *tag, float *samples, size_t capacity, size_t *num, diarist_error *err) {
    struct file *file = tag;
    int status = DIARIST_OK;
    if (!file->audio)
        status = diarist_audio_open(&file->audio, file->path, NULL, err);
    return status ? status : diarist_audio_read(file->audio, samples, capacity, num, err);
}

/* Waits for a file to be finished and prints it. -1 when there is none, else whether it failed. */
static int show_one(diarist_queue *queue) {
    diarist_finished finished;
    if (diarist_queue_receive(&finished, queue, 1))
        return -1;
    struct file *file = finished.tag;
    diarist_audio_close(file->audio);
    if (!finished.result) {
        fprintf(stderr, "many_files: %s: %s\n", file->path, finished.error.message);
        return 1;
    }
    printf("%s: %zu speakers, %.1f s\n", file->path, diarist_result_num_speakers(finished.result),
           diarist_result_duration(finished.result));
    diarist_result_free(finished.result);
    return 0;
}

int main(int argc, char **argv) {
    diarist_model *model = NULL;
    diarist_queue *queue = NULL;
    diarist_error err = {.message = "out of memory"};
    int failed = 0, shown;
    if (argc < 2)
        return fprintf(stderr, "usage: many_files FILE...\n"), 2;
    struct file *files = calloc((size_t)argc, sizeof *files);
    if (!files || diarist_model_load(&model, NULL, NULL, &err) ||
        diarist_queue_open(&queue, model, NULL, 0, &err)) {
        fprintf(stderr, "many_files: %s\n", err.message);
        failed = 1;
    }
    for (int i = 1; queue && i < argc; i++) {
        files[i].path = argv[i];
        while (diarist_queue_push_reader(queue, read_file, &files[i], &err)) /* full */
            failed |= show_one(queue);
    }
    while (queue && (shown = show_one(queue)) >= 0)
        failed |= shown;
    diarist_queue_free(queue);
    diarist_model_free(model);
    free(files);
    return failed;
}
