/* routes.h - the one table of routes.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "exchange.h"

/* Finds the exchange's route by its method and path (HEAD is GET) and fills item. NULL: there is
 * none. */
const struct server_route *server_route_find(struct server_exchange *exchange);
/* The methods that a path has, "GET, HEAD, POST"; "": there is no such path. */
void server_route_methods(const char *path, char *out, size_t room);
/* The i-th of the table; NULL: there are no more. */
const struct server_route *server_route_at(size_t i);

server_handler server_healthz, server_readyz, server_metrics; /* health.c */
server_handler server_openapi;                                /* openapi.c */
server_handler server_job_create, server_job_list, server_job_get, server_job_remove; /* jobs.c */
server_handler server_job_events; /* job_events.c */
server_handler server_embedding;  /* embedding.c */
server_handler server_assign;     /* assign.c */
server_handler server_speaker_add, server_speaker_list, server_speaker_get,
    server_speaker_remove;                              /* speakers.c */
server_handler server_job_speakers;                     /* job_speakers.c */
server_handler server_job_result, server_job_recording; /* job_result.c */
server_handler server_bench_create, server_bench_look, server_bench_report_get,
    server_bench_report_list, server_bench_dataset_list; /* benchmarks.c */
server_handler server_live_plain;                        /* live_route.c */

#endif
