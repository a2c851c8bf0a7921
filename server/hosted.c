/* hosted.c - an embedding service elsewhere.
 * SPDX-License-Identifier: MIT
 *
 * samples of a file -> WAV, multipart/form-data -> POST -> JSON -> embedding */
#include "hosted.h"

#include "common/libcurl.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECT_S = 5,
    ANSWER_S = 60,
    HEADER = 44, /* bytes, of WAV */
    MAX_ANSWER = 1 << 20
};

/* The WAV file that is sent, and what comes back. */
struct call {
    const struct server_hosted_audio *audio;
    const atomic_bool *stopping;
    unsigned char header[HEADER];
    uint64_t sent;
    char answer[MAX_ANSWER];
    size_t num_bytes;
    bool too_long;
};

static void put(unsigned char *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

static void make_header(unsigned char header[HEADER], uint64_t num_bytes) {
    memcpy(header, "RIFF....WAVEfmt ", 16);
    put(header + 4, num_bytes + HEADER - 8, 4);
    put(header + 16, 16, 4);
    put(header + 20, 1, 2); /* PCM */
    put(header + 22, 1, 2);
    put(header + 24, DIARIST_SAMPLE_RATE, 4);
    put(header + 28, DIARIST_SAMPLE_RATE * 2, 4);
    put(header + 32, 2, 2);
    put(header + 34, 16, 2);
    memcpy(header + 36, "data", 4);
    put(header + 40, num_bytes, 4);
}

static size_t send_part(char *to, size_t size, size_t count, void *data) {
    struct call *call = data;
    uint64_t total = HEADER + 2 * call->audio->num, left = total - call->sent;
    size_t n = size * count < left ? size * count : (size_t)left;
    if (call->sent < HEADER) {
        n = n < HEADER - call->sent ? n : (size_t)(HEADER - call->sent);
        memcpy(to, call->header + call->sent, n);
    } else if (n) {
        ssize_t got =
            pread(call->audio->fd, to, n, (off_t)(2 * call->audio->first + call->sent - HEADER));
        if (got <= 0)
            return CURL_READFUNC_ABORT;
        n = (size_t)got;
    }
    call->sent += n;
    return n;
}

static size_t receive_part(char *bytes, size_t size, size_t count, void *data) {
    struct call *call = data;
    if (size * count > sizeof call->answer - call->num_bytes) {
        call->too_long = true;
        return 0;
    }
    memcpy(call->answer + call->num_bytes, bytes, size * count);
    call->num_bytes += size * count;
    return size * count;
}

static int is_stopping(void *data) {
    const struct call *call = data;
    return atomic_load(call->stopping);
}

static int fail(diarist_error *err, int status, const char *what, const char *why) {
    err->status = status;
    snprintf(err->message, sizeof err->message,
             "the embedding service that is fallen back on %.60s%.100s", what, why);
    return status;
}

/* ---- asking ---- */

/* URL/v2/embedding, to be freed; one that ends so already stays as it is. */
static char *make_address(const char *url) {
    static const char path[] = "/v2/embedding";
    size_t n = strlen(url), room = n + sizeof path;
    char *address = malloc(room);
    while (n && url[n - 1] == '/')
        n--;
    bool complete =
        n >= sizeof path - 1 && !strncmp(url + n - (sizeof path - 1), path, sizeof path - 1);
    if (address)
        snprintf(address, room, "%.*s%s", (int)n, url, complete ? "" : path);
    return address;
}

static int add_file(const struct common_curl *curl, curl_mime *form, struct call *call) {
    curl_mimepart *part = curl->mime_addpart(form);
    return !part || curl->mime_name(part, "file") || curl->mime_filename(part, "audio.wav") ||
           curl->mime_type(part, "audio/wav") ||
           curl->mime_data_cb(part, (curl_off_t)(HEADER + 2 * call->audio->num), send_part, NULL,
                              NULL, call);
}

/* *http: the status that came. */
static CURLcode ask(const struct common_curl *curl, struct call *call, const char *address,
                    long *http) {
    struct common_transfer transfer = {.url = address,
                                       .protocols = "http,https",
                                       .connect_s = CONNECT_S,
                                       .receive = receive_part,
                                       .data = call,
                                       .is_stopped = is_stopping};
    CURL *handle = common_transfer_new(curl, &transfer);
    curl_mime *form = handle ? curl->mime_init(handle) : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    *http = 0;
    if (form && !add_file(curl, form, call)) {
        curl->easy_setopt(handle, CURLOPT_TIMEOUT, (long)ANSWER_S);
        curl->easy_setopt(handle, CURLOPT_MIMEPOST, form);
        code = curl->easy_perform(handle);
        curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, http);
    }
    curl->mime_free(form);
    curl->easy_cleanup(handle);
    return code;
}

/* ---- what came ---- */

static int read_values(float *values, size_t *dim, json_t *array) {
    double squares = 0;
    size_t num = json_array_size(array);
    if (!num || num > SERVER_HOSTED_MAX_DIM)
        return -1;
    for (size_t i = 0; i < num; i++) {
        json_t *value = json_array_get(array, i);
        double number = json_number_value(value);
        if (!json_is_number(value) || !isfinite(number) || fabs(number) > 1e6)
            return -1;
        squares += number * number;
    }
    if (!(squares > 0))
        return -1;
    for (size_t i = 0; i < num; i++)
        values[i] = (float)(json_number_value(json_array_get(array, i)) / sqrt(squares));
    *dim = num;
    return 0;
}

static int read_answer(float *values, size_t *dim, const struct call *call) {
    json_t *root = json_loadb(call->answer, call->num_bytes, 0, NULL);
    json_t *array = json_is_object(root) ? json_object_get(root, "embedding") : root;
    if (json_array_size(array) == 1 && json_is_array(json_array_get(array, 0)))
        array = json_array_get(array, 0);
    int rc = read_values(values, dim, array);
    json_decref(root);
    return rc;
}

int server_hosted_embed(float *values, size_t *dim, const char *url,
                        const struct server_hosted_audio *audio, const atomic_bool *stopping,
                        diarist_error *err) {
    char status[32];
    const struct common_curl *curl = common_curl(err);
    if (!curl)
        return err->status;
    struct call *call = calloc(1, sizeof *call);
    char *address = make_address(url);
    long http = 0;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int rc = DIARIST_OK;
    if (call && address) {
        call->audio = audio;
        call->stopping = stopping;
        make_header(call->header, 2 * audio->num);
        code = ask(curl, call, address, &http);
    }
    snprintf(status, sizeof status, "%ld", http);
    if (code == CURLE_ABORTED_BY_CALLBACK && atomic_load(stopping))
        rc = fail(err, DIARIST_ERROR_CANCELED, "was not waited for: the service stops", "");
    else if (call && call->too_long)
        rc = fail(err, DIARIST_ERROR_OUTPUT, "answers with more than a megabyte", "");
    else if (code)
        rc = fail(err, DIARIST_ERROR_OUTPUT, "cannot be reached: ", curl->easy_strerror(code));
    else if (http != 200)
        rc = fail(err, DIARIST_ERROR_OUTPUT, "answered HTTP ", status);
    else if (read_answer(values, dim, call))
        rc = fail(err, DIARIST_ERROR_OUTPUT, "answered with what is no embedding", "");
    free(address);
    free(call);
    return rc;
}
