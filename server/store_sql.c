/* store_sql.c - statements on the store.
 * SPDX-License-Identifier: MIT */
#include "store_sql.h"

#include "log.h"

#include <stdarg.h>
#include <string.h>

enum server_stored server_sql_failed(struct server_store *store) {
    const int code = sqlite3_errcode(store->db);
    if (code != store->told)
        server_log("error", "store", "{s:s}", "message", sqlite3_errmsg(store->db));
    store->told = code;
    return code == SQLITE_FULL ? SERVER_STORE_FULL : SERVER_STORE_FAILED;
}

static sqlite3_stmt *prepare(struct server_store *store, const char *sql, const char *types,
                             va_list arguments) {
    sqlite3_stmt *statement;
    if (store->shut_out)
        return NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    for (int i = 1; types[i - 1] && !rc; i++) {
        if (types[i - 1] == 's')
            rc = sqlite3_bind_text(statement, i, va_arg(arguments, const char *), -1,
                                   SQLITE_TRANSIENT);
        else if (types[i - 1] == 'i')
            rc = sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
        else
            rc = sqlite3_bind_double(statement, i, va_arg(arguments, double));
    }
    if (!rc)
        return statement;
    sqlite3_finalize(statement);
    return NULL;
}

sqlite3_stmt *server_sql_prepare(struct server_store *store, const char *sql, const char *types,
                                 ...) {
    va_list arguments;
    va_start(arguments, types);
    sqlite3_stmt *statement = prepare(store, sql, types, arguments);
    va_end(arguments);
    return statement;
}

enum server_stored server_sql_row(struct server_store *store, sqlite3_stmt *statement) {
    int rc = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    return rc == SQLITE_ROW    ? SERVER_STORED
           : rc == SQLITE_DONE ? SERVER_NOT_THERE
                               : server_sql_failed(store);
}

enum server_stored server_sql_finish(struct server_store *store, sqlite3_stmt *statement) {
    int rc = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    enum server_stored stored = rc == SQLITE_DONE ? SERVER_STORED : server_sql_failed(store);
    sqlite3_finalize(statement);
    return stored;
}

enum server_stored server_sql_finish_change(struct server_store *store, sqlite3_stmt *statement) {
    enum server_stored stored = server_sql_finish(store, statement);
    return stored || sqlite3_changes(store->db) ? stored : SERVER_OTHER_STATE;
}

enum server_stored server_sql_number(struct server_store *store, const char *sql, int64_t *number) {
    sqlite3_stmt *statement = server_sql_prepare(store, sql, "");
    enum server_stored stored = server_sql_row(store, statement);
    *number = stored ? 0 : sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return stored;
}

enum server_stored server_sql_states(struct server_store *store, const char *sql, int64_t *counts,
                                     size_t num) {
    sqlite3_stmt *statement = server_sql_prepare(store, sql, "");
    enum server_stored stored;
    memset(counts, 0, num * sizeof *counts);
    while (!(stored = server_sql_row(store, statement))) {
        const int64_t state = sqlite3_column_int64(statement, 0);
        if (state >= 0 && (size_t)state < num)
            counts[state] = sqlite3_column_int64(statement, 1);
    }
    sqlite3_finalize(statement);
    return stored == SERVER_NOT_THERE ? SERVER_STORED : stored;
}

void server_sql_begin(struct server_store *store) {
    pthread_mutex_lock(&store->lock);
    store->changes = sqlite3_total_changes(store->db);
    store->shut_out = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK;
}

/* A transaction was kept; one without changes says nothing about the disk. */
static void tell_works(struct server_store *store) {
    if (!store->told || sqlite3_total_changes(store->db) == store->changes)
        return;
    server_log("info", "store", "{s:s}", "message", "it takes what is written again");
    store->told = SQLITE_OK;
}

enum server_stored server_sql_end(struct server_store *store, enum server_stored stored) {
    if (sqlite3_get_autocommit(store->db)) {
        stored = stored ? stored : server_sql_failed(store);
    } else {
        if (!stored && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL))
            stored = server_sql_failed(store);
        else if (!stored)
            tell_works(store);
        if (stored)
            sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    store->shut_out = false;
    pthread_mutex_unlock(&store->lock);
    return stored;
}

enum server_stored server_sql_change(struct server_store *store, const char *sql, const char *types,
                                     ...) {
    va_list arguments;
    server_sql_begin(store);
    va_start(arguments, types);
    sqlite3_stmt *statement = prepare(store, sql, types, arguments);
    va_end(arguments);
    return server_sql_end(store, server_sql_finish_change(store, statement));
}

char *server_sql_text(sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return strdup(text ? text : "");
}
