/* hosted.c - an embedding service elsewhere.
 * SPDX-License-Identifier: MIT
 *
 * samples of a file -> WAV, multipart/form-data -> POST -> JSON -> embedding */
#include "hosted.h"

#include <curl/curl.h>
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

static int is_stopping(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now) {
    const struct call *call = data;
    (void)total, (void)now, (void)up_total, (void)up_now;
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

static void set_options(CURL *curl, struct call *call, const char *address) {
    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_part);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopping);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "diarist");
}

static int add_file(curl_mime *form, struct call *call) {
    curl_mimepart *part = curl_mime_addpart(form);
    return !part || curl_mime_name(part, "file") || curl_mime_filename(part, "audio.wav") ||
           curl_mime_type(part, "audio/wav") ||
           curl_mime_data_cb(part, (curl_off_t)(HEADER + 2 * call->audio->num), send_part, NULL,
                             NULL, call);
}

/* *http: the status that came. */
static CURLcode ask(struct call *call, const char *address, long *http) {
    CURL *curl = curl_easy_init();
    curl_mime *form = curl ? curl_mime_init(curl) : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    *http = 0;
    if (form && !add_file(form, call)) {
        set_options(curl, call, address);
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, http);
    }
    curl_mime_free(form);
    curl_easy_cleanup(curl);
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
    struct call *call = calloc(1, sizeof *call);
    char *address = make_address(url);
    long http = 0;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int rc = DIARIST_OK;
    if (call && address) {
        call->audio = audio;
        call->stopping = stopping;
        make_header(call->header, 2 * audio->num);
        code = ask(call, address, &http);
    }
    snprintf(status, sizeof status, "%ld", http);
    if (code == CURLE_ABORTED_BY_CALLBACK && atomic_load(stopping))
        rc = fail(err, DIARIST_ERROR_CANCELED, "was not waited for: the service stops", "");
    else if (call && call->too_long)
        rc = fail(err, DIARIST_ERROR_OUTPUT, "answers with more than a megabyte", "");
    else if (code)
        rc = fail(err, DIARIST_ERROR_OUTPUT, "cannot be reached: ", curl_easy_strerror(code));
    else if (http != 200)
        rc = fail(err, DIARIST_ERROR_OUTPUT, "answered HTTP ", status);
    else if (read_answer(values, dim, call))
        rc = fail(err, DIARIST_ERROR_OUTPUT, "answered with what is no embedding", "");
    free(address);
    free(call);
    return rc;
}
