/* download.c - a file from the network, taken up again where it was cut.
 * SPDX-License-Identifier: MIT */
#include "download.h"

#include "report.h"

#include <curl/curl.h>
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

static int stop_when_interrupted(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total,
                                 curl_off_t up_now) {
    (void)data, (void)total, (void)now, (void)up_total, (void)up_now;
    return cli_interrupted();
}

static void set_options(CURL *curl, const struct cli_download *download, struct transfer *transfer,
                        char *error) {
    const char *protocols = strncmp(download->url, "http://", 7) ? "https" : "http,https";
    curl_easy_setopt(curl, CURLOPT_URL, download->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)transfer->num_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    /* The name by which servers tell programs apart; nothing of the user. */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "diarist");
}

/* One request; *http is its status, 0 without an answer. */
static CURLcode request(const struct cli_download *download, struct transfer *transfer, char *error,
                        long *http) {
    *http = 0;
    CURL *curl = curl_easy_init();
    if (!curl)
        return CURLE_OUT_OF_MEMORY;
    set_options(curl, download, transfer, error);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, http);
    curl_easy_cleanup(curl);
    if (fflush(transfer->file) && !transfer->write_error)
        transfer->write_error = errno;
    return code;
}

static int fail(struct cli_download *download, const char *what, const char *why) {
    snprintf(download->problem, sizeof download->problem, "%.200s: %s%.120s", download->url, what,
             why);
    return -1;
}

static int explain(struct cli_download *download, const struct transfer *transfer, CURLcode code,
                   const char *error, long http) {
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
    return fail(download, "cannot be reached: ", *error ? error : curl_easy_strerror(code));
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
    char error[CURL_ERROR_SIZE] = "";
    long http;
    CURLcode code = CURLE_OK;
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        const uint64_t before = transfer->num_bytes;
        code = request(download, transfer, error, &http);
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
    return explain(download, transfer, code, error, http);
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
