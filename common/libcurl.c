/* libcurl.c - libcurl, loaded when something first goes over the network.
 * SPDX-License-Identifier: MIT */
#include "common/libcurl.h"

#include "common/fail.h"
#include "common/library.h"

#include <pthread.h>

#define SONAME "libcurl.so.4"

COMMON_LIBRARY_NOTE(SONAME, "network");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct common_curl functions;
static diarist_error problem;

static void load(void) {
#define NAME(name) "curl_" #name,
    static const char *const names[] = {COMMON_CURL_FUNCTIONS(NAME)};
#undef NAME
    _Static_assert(sizeof functions / sizeof(void *) == sizeof names / sizeof *names, "each");
    if (!common_library_load(&functions, names, sizeof names / sizeof *names, SONAME, &problem) &&
        functions.global_init(CURL_GLOBAL_DEFAULT))
        common_fail_memory(&problem);
}

const struct common_curl *common_curl(diarist_error *err) {
    pthread_once(&once, load);
    if (!problem.status)
        return &functions;
    *err = problem;
    return NULL;
}

static int ask_whether_stopped(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total,
                               curl_off_t up_now) {
    const struct common_transfer *transfer = data;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return transfer->is_stopped(transfer->data);
}

CURL *common_transfer_new(const struct common_curl *curl, struct common_transfer *transfer) {
    CURL *handle = curl->easy_init();
    if (!handle)
        return NULL;
    transfer->error[0] = 0;
    curl->easy_setopt(handle, CURLOPT_URL, transfer->url);
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, transfer->protocols);
    curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, transfer->connect_s);
    curl->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, transfer->stall_s ? 1L : 0L);
    curl->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, transfer->stall_s);
    curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, transfer->receive);
    curl->easy_setopt(handle, CURLOPT_WRITEDATA, transfer->data);
    curl->easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl->easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, ask_whether_stopped);
    curl->easy_setopt(handle, CURLOPT_XFERINFODATA, transfer);
    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->error);
    /* The name by which servers tell programs apart; nothing of the user. */
    curl->easy_setopt(handle, CURLOPT_USERAGENT, "diarist");
    return handle;
}
