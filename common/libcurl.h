/* libcurl.h - libcurl, loaded when something first goes over the network, and what all transfers
 * have in common. SPDX-License-Identifier: MIT */
#ifndef COMMON_LIBCURL_H
#define COMMON_LIBCURL_H

#include "diarist/diarist.h"

#include <curl/curl.h>

/* Its functions, by their names without "curl_". */
#define COMMON_CURL_FUNCTIONS(F) \
    F(global_init)               \
    F(easy_init)                 \
    F(easy_setopt)               \
    F(easy_perform)              \
    F(easy_getinfo)              \
    F(easy_cleanup)              \
    F(easy_strerror)             \
    F(slist_append)              \
    F(slist_free_all)            \
    F(mime_init)                 \
    F(mime_addpart)              \
    F(mime_name)                 \
    F(mime_filename)             \
    F(mime_type)                 \
    F(mime_data_cb)              \
    F(mime_free)

struct common_curl {
#define COMMON_CURL_FIELD(name) __typeof__(curl_##name) *name;
    COMMON_CURL_FUNCTIONS(COMMON_CURL_FIELD)
#undef COMMON_CURL_FIELD
};

/* Loaded and made ready by the first call, for all threads and for good. NULL: it cannot be, for
 * the reason in err. */
const struct common_curl *common_curl(diarist_error *err);

/* A request as all are: http or https alone, no signals, no redirects. */
struct common_transfer {
    const char *url;
    const char *protocols; /* "https" or "http,https" */
    long connect_s;        /* it must be connected by then */
    long stall_s;          /* without a byte for so long it fails; 0: it may take its time */
    curl_write_callback receive;
    void *data;                  /* for receive, */
    int (*is_stopped)(void *);   /* and for this, asked all the time: not 0 ends the transfer */
    char error[CURL_ERROR_SIZE]; /* what went wrong, "" when curl says no more than its code */
};

/* A handle with these options, to which the caller may add others; easy_cleanup frees it. The
 * transfer must live as long. NULL: no memory. */
CURL *common_transfer_new(const struct common_curl *curl, struct common_transfer *transfer);

#endif
