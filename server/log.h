/* log.h - lines of the log: one JSON object each, on standard error.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

/* level: "error", "warning", "info". format: of json_pack, an object with what the event has. */
void server_log(const char *level, const char *event, const char *format, ...);

/* Leaves out lines below that level from now on; called before other threads log. */
void server_log_least(const char *level);

#endif
