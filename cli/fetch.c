/* fetch.c - a document of a service.
 * SPDX-License-Identifier: MIT */
#include "fetch.h"

#include "report.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_S = 20, STALL_S = 60 };

struct transfer {
    struct cli_fetch *fetch;
    size_t size;
};

/* A curl write function: what has come, with a zero behind it. */
static size_t receive(char *bytes, size_t size, size_t count, void *data) {
    struct transfer *transfer = data;
    size_t n = size * count;
    if (n > transfer->fetch->max_bytes - transfer->size)
        return 0;
    char *grown = realloc(transfer->fetch->text, transfer->size + n + 1);
    if (!grown)
        return 0;
    memcpy(grown + transfer->size, bytes, n);
    transfer->size += n;
    grown[transfer->size] = 0;
    transfer->fetch->text = grown;
    return n;
}

static int stop_when_interrupted(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total,
                                 curl_off_t up_now) {
    (void)data, (void)total, (void)now, (void)up_total, (void)up_now;
    return cli_interrupted();
}

static CURLcode perform(CURL *curl, struct transfer *transfer, struct curl_slist *headers,
                        char *error, long *http) {
    curl_easy_setopt(curl, CURLOPT_URL, transfer->fetch->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "diarist");
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, http);
    return code;
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

int cli_fetch(struct cli_fetch *fetch) {
    struct transfer transfer = {.fetch = fetch};
    char error[CURL_ERROR_SIZE] = "";
    long http = 0;
    struct curl_slist *headers = fetch->header ? curl_slist_append(NULL, fetch->header) : NULL;
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();
    fetch->text = NULL;
    CURLcode code = curl && (headers || !fetch->header)
                        ? perform(curl, &transfer, headers, error, &http)
                        : CURLE_OUT_OF_MEMORY;
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    int rc = 0;
    if (code) {
        snprintf(fetch->problem, sizeof fetch->problem, "%s",
                 code == CURLE_WRITE_ERROR ? "is too large"
                 : *error                  ? error
                                           : curl_easy_strerror(code));
        rc = -1;
    } else if (http != 200) {
        rc = fail(fetch, http);
    } else if (!fetch->text) {
        snprintf(fetch->problem, sizeof fetch->problem, "the answer is empty");
        rc = -1;
    }
    if (rc) {
        free(fetch->text);
        fetch->text = NULL;
    }
    return rc;
}
