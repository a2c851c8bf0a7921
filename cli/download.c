/* download.c - a file from the network, taken up again where it was cut.
 * SPDX-License-Identifier: MIT */
#include "download.h"

#include "report.h"

#include "common/libcurl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECT_S = 20, STALL_S = 30, MAX_REDIRECTS = 10, MAX_TRIES = 10, HTTP_BAD_RANGE = 416 };

/* A try: the bytes that are there already, and those that come. */
struct transfer {
    FILE *file;
    uint64_t num_bytes, max_bytes;
    int write_error; /* errno */
};

static size_t receive(char *bytes, size_t size, size_t count, void *data) {
    struct transfer *transfer = data;
    transfer->num_bytes += size * count;
    if (transfer->num_bytes > transfer->max_bytes)
        return 0;
    const size_t written = fwrite(bytes, size, count, transfer->file);
    if (written != count)
        transfer->write_error = errno;
    return written;
}

/* One request, which says what is wrong in try->error; *http is its status, 0 without an answer. */
static CURLcode request(const struct common_curl *curl, const struct cli_download *download,
                        struct transfer *transfer, struct common_transfer *try, long *http) {
    *http = 0;
    *try = (struct common_transfer){
        .url = download->url,
        .protocols = strncmp(download->url, "http://", 7) ? "https" : "http,https",
        .connect_s = CONNECT_S,
        .stall_s = STALL_S,
        .receive = receive,
        .data = transfer,
        .is_stopped = cli_stop_transfer};
    CURL *handle = common_transfer_new(curl, try);
    if (!handle)
        return CURLE_OUT_OF_MEMORY;
    curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, try->protocols);
    curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl->easy_setopt(handle, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl->easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl->easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)transfer->num_bytes);
    const CURLcode code = curl->easy_perform(handle);
    curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, http);
    curl->easy_cleanup(handle);
    if (fflush(transfer->file) && !transfer->write_error)
        transfer->write_error = errno;
    return code;
}

static int fail(struct cli_download *download, const char *what, const char *why) {
    snprintf(download->problem, sizeof download->problem, "%.200s: %s%.120s", download->url, what,
             why);
    return -1;
}

/* why: what curl says. */
static int explain(struct cli_download *download, const struct transfer *transfer, const char *why,
                   long http) {
    char status[64];
    if (transfer->write_error)
        return fail(download, "cannot be saved: ", strerror(transfer->write_error));
    download->is_too_long = transfer->num_bytes > transfer->max_bytes;
    if (download->is_too_long)
        return fail(download, "is longer than the known file", "");
    if (cli_interrupted())
        return fail(download, "interrupted", "");
    if (http == 401 || http == 403)
        return fail(download, "the server gives it to known users only", "");
    if (http >= 400) {
        snprintf(status, sizeof status, "%ld", http);
        return fail(download, http == 404 ? "is not there, HTTP " : "the server answered HTTP ",
                    status);
    }
    return fail(download, "cannot be reached: ", why);
}

/* Whether another request can bring more: the connection broke after it had brought something. */
static bool can_go_on(const struct transfer *transfer, CURLcode code, uint64_t before) {
    return (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
            code == CURLE_OPERATION_TIMEDOUT) &&
           transfer->num_bytes > before && !transfer->write_error && !cli_interrupted();
}

/* Begins again with nothing. */
static bool empty(struct transfer *transfer) {
    transfer->num_bytes = 0;
    return !ftruncate(fileno(transfer->file), 0);
}

static int get(struct cli_download *download, struct transfer *transfer) {
    diarist_error err;
    const struct common_curl *curl = common_curl(&err);
    if (!curl)
        return fail(download, "cannot be fetched: ", err.message);
    struct common_transfer try;
    long http = 0;
    CURLcode code = CURLE_OK;
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        const uint64_t before = transfer->num_bytes;
        code = request(curl, download, transfer, &try, &http);
        if (code == CURLE_OK && !transfer->write_error)
            return 0;
        if (before && http == HTTP_BAD_RANGE)
            return 0; /* there is nothing behind what has come */
        if (before && code == CURLE_RANGE_ERROR) {
            download->was_resumed = false;
            if (!empty(transfer))
                return fail(download, "cannot be saved: ", strerror(errno));
        } else if (!can_go_on(transfer, code, before)) {
            break;
        }
    }
    return explain(download, transfer, *try.error ? try.error : curl->easy_strerror(code), http);
}

int cli_download(struct cli_download *download) {
    struct stat st;
    struct transfer transfer = {.file = fopen(download->path, "ab"),
                                .max_bytes = download->max_bytes};
    if (!transfer.file || fstat(fileno(transfer.file), &st)) {
        fail(download, "cannot be saved: ", strerror(errno));
        if (transfer.file)
            fclose(transfer.file);
        return -1;
    }
    transfer.num_bytes = (uint64_t)st.st_size;
    download->was_resumed = st.st_size > 0;
    int rc = get(download, &transfer);
    if (fclose(transfer.file) && !rc)
        rc = fail(download, "cannot be saved: ", strerror(errno));
    return rc;
}
