/* store_edits.c - results as clients have changed them, and what they can be found out again from.
 * SPDX-License-Identifier: MIT
 *
 * results: as it was first    edits: as it is now    evidence: of recordings that have it */
#include "store_sql.h"

#include <stdlib.h>
#include <string.h>

/* The text that a statement yields. */
static enum server_stored read_text(struct server_store *store, const char *sql, const char *id,
                                    char **text) {
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *statement = server_sql_prepare(store, sql, "s", id);
    enum server_stored stored = server_sql_row(store, statement);
    *text = stored ? NULL : server_sql_text(statement, 0);
    if (!stored && !*text)
        stored = server_sql_failed(store);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

enum server_stored server_store_result(struct server_store *store, const char *id,
                                       char **document) {
    return read_text(store,
                     "SELECT COALESCE(edits.document, results.document) FROM results "
                     "LEFT JOIN edits ON edits.id = results.id WHERE results.id = ?1",
                     id, document);
}

enum server_stored server_store_original(struct server_store *store, const char *id,
                                         char **document) {
    return read_text(store, "SELECT document FROM results WHERE id = ?1", id, document);
}

enum server_stored server_store_evidence(struct server_store *store, const char *id,
                                         void **evidence, size_t *num_bytes) {
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *statement =
        server_sql_prepare(store, "SELECT bytes FROM evidence WHERE id = ?1", "s", id);
    enum server_stored stored = server_sql_row(store, statement);
    const void *bytes = stored ? NULL : sqlite3_column_blob(statement, 0);
    *num_bytes = bytes ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
    *evidence = bytes ? malloc(*num_bytes) : NULL;
    if (*evidence)
        memcpy(*evidence, bytes, *num_bytes);
    else if (!stored)
        stored = server_sql_failed(store);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

/* The revision of a succeeded job. */
static enum server_stored read_revision(struct server_store *store, const char *id,
                                        int64_t *revision) {
    sqlite3_stmt *statement =
        server_sql_prepare(store,
                           "SELECT COALESCE(edits.revision, 1) FROM results "
                           "LEFT JOIN edits ON edits.id = results.id WHERE results.id = ?1",
                           "s", id);
    enum server_stored stored = server_sql_row(store, statement);
    *revision = stored ? 0 : sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return stored;
}

enum server_stored server_store_revise(struct server_store *store, const char *id, int64_t revision,
                                       const char *document) {
    int64_t now;
    server_sql_begin(store);
    enum server_stored stored = read_revision(store, id, &now);
    if (!stored && now != revision)
        stored = SERVER_OTHER_STATE;
    if (!stored)
        stored = server_sql_finish(
            store, server_sql_prepare(store, "INSERT OR REPLACE INTO edits VALUES(?1, ?2, ?3)",
                                      "sis", id, revision + 1, document));
    return server_sql_end(store, stored);
}
