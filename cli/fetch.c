/* fetch.c - a document of a service.
 * SPDX-License-Identifier: MIT */
#include "fetch.h"

#include "report.h"

#include "common/libcurl.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_S = 20, STALL_S = 60 };

/* What has come. */
struct answer {
    struct cli_fetch *fetch;
    size_t size;
};

/* A curl write function: what has come, with a zero behind it. */
static size_t receive(char *bytes, size_t size, size_t count, void *data) {
    struct answer *answer = data;
    size_t n = size * count;
    if (n > answer->fetch->max_bytes - answer->size)
        return 0;
    char *grown = realloc(answer->fetch->text, answer->size + n + 1);
    if (!grown)
        return 0;
    memcpy(grown + answer->size, bytes, n);
    answer->size += n;
    grown[answer->size] = 0;
    answer->fetch->text = grown;
    return n;
}

/* What the service says against it, if it says so as problem+json. */
static int fail(struct cli_fetch *fetch, long http) {
    json_t *problem = fetch->text ? json_loads(fetch->text, 0, NULL) : NULL;
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    snprintf(fetch->problem, sizeof fetch->problem, "the service answered HTTP %ld%s%.200s", http,
             detail ? ": " : "", detail ? detail : "");
    json_decref(problem);
    return -1;
}

/* *http is the service's status. -1: there was none, for the reason in problem. */
static int perform(struct cli_fetch *fetch, long *http) {
    struct answer answer = {.fetch = fetch};
    struct common_transfer transfer = {.url = fetch->url,
                                       .protocols = "http,https",
                                       .connect_s = CONNECT_S,
                                       .stall_s = STALL_S,
                                       .receive = receive,
                                       .data = &answer,
                                       .is_stopped = cli_stop_transfer};
    diarist_error err;
    const struct common_curl *curl = common_curl(&err);
    if (!curl) {
        snprintf(fetch->problem, sizeof fetch->problem, "%s", err.message);
        return -1;
    }
    CURL *handle = common_transfer_new(curl, &transfer);
    struct curl_slist *headers = fetch->header ? curl->slist_append(NULL, fetch->header) : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (handle && (headers || !fetch->header)) {
        curl->easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
        code = curl->easy_perform(handle);
        curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, http);
    }
    curl->easy_cleanup(handle);
    curl->slist_free_all(headers);
    if (code)
        snprintf(fetch->problem, sizeof fetch->problem, "%s",
                 code == CURLE_WRITE_ERROR ? "is too large"
                 : *transfer.error         ? transfer.error
                                           : curl->easy_strerror(code));
    return code ? -1 : 0;
}

int cli_fetch(struct cli_fetch *fetch) {
    long http = 0;
    fetch->text = NULL;
    int rc = perform(fetch, &http);
    if (!rc && http != 200) {
        rc = fail(fetch, http);
    } else if (!rc && !fetch->text) {
        snprintf(fetch->problem, sizeof fetch->problem, "the answer is empty");
        rc = -1;
    }
    if (rc) {
        free(fetch->text);
        fetch->text = NULL;
    }
    return rc;
}
