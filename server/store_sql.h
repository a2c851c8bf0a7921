/* store_sql.h - statements on the store, for those who keep tables in it.
 * SPDX-License-Identifier: MIT
 *
 *   lock, or server_sql_begin -> prepare, finish ... -> unlock, or server_sql_end */
#ifndef SERVER_STORE_SQL_H
#define SERVER_STORE_SQL_H

#include "store.h"

#include <pthread.h>
#include <sqlite3.h>

/* One connection, one lock. */
struct server_store {
    sqlite3 *db;
    pthread_mutex_t lock;
    bool shut_out; /* no transaction could begin: nothing is done until its end */
    int changes;   /* rows changed before the transaction */
    int told;      /* the failure of SQLite's that the log knows of; SQLITE_OK: it works */
};

/* What SQLite says of the last call goes into the log, once until something is written again or
 * something else fails. SERVER_STORE_FULL or SERVER_STORE_FAILED. */
enum server_stored server_sql_failed(struct server_store *store);

/* A statement with its arguments bound: of types, 's' a const char *, 'i' an int64_t, 'd' a double.
 * NULL: failed. */
sqlite3_stmt *server_sql_prepare(struct server_store *store, const char *sql, const char *types,
                                 ...);
/* Goes to the first row of one, which may be NULL: it failed. SERVER_NOT_THERE: there is none. */
enum server_stored server_sql_row(struct server_store *store, sqlite3_stmt *statement);
/* Ends one that yields nothing. */
enum server_stored server_sql_finish(struct server_store *store, sqlite3_stmt *statement);
/* Ends one that changes what is in a certain state; SERVER_OTHER_STATE: nothing was. */
enum server_stored server_sql_finish_change(struct server_store *store, sqlite3_stmt *statement);

/* The number that a query yields. */
enum server_stored server_sql_number(struct server_store *store, const char *sql, int64_t *number);
/* Of a query that yields states and how many there are of each: counts[num], by state. */
enum server_stored server_sql_states(struct server_store *store, const char *sql, int64_t *counts,
                                     size_t num);

/* Locks the store and begins a transaction. */
void server_sql_begin(struct server_store *store);
/* Keeps what was done when all of it was; unlocks. */
enum server_stored server_sql_end(struct server_store *store, enum server_stored stored);

/* A transaction of one statement that changes what is in a certain state; SERVER_OTHER_STATE:
 * nothing was. */
enum server_stored server_sql_change(struct server_store *store, const char *sql, const char *types,
                                     ...);

/* A copy of a column's text, "" for NULL; NULL: no memory. */
char *server_sql_text(sqlite3_stmt *statement, int column);

#endif
