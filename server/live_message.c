/* live_message.c - text frames that clients of live streams send.
 * SPDX-License-Identifier: MIT */
#include "live_message.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(char *why, size_t room, const char *text) {
    snprintf(why, room, "%s", text);
    return -1;
}

/* Values are read as those of the query are. */
static int read_start(struct server_live_message *out, json_t *object, char *why, size_t room) {
    const char *name;
    json_t *value;
    int rc = 0;
    json_object_foreach(object, name, value) {
        if (!strcmp(name, "type"))
            continue;
        char *text = json_is_string(value) ? strdup(json_string_value(value))
                                           : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (!text)
            return fail(why, room, "out of memory");
        rc = server_live_params_set(&out->params, name, text, why, room);
        free(text);
        if (rc)
            break;
    }
    return rc;
}

static int read_skip(struct server_live_message *out, json_t *object, char *why, size_t room) {
    json_t *seconds = json_object_get(object, "seconds");
    out->gap_s = json_is_number(seconds) ? json_number_value(seconds) : -1;
    if (json_object_size(object) == 2 && out->gap_s >= 0 && out->gap_s <= 3600)
        return 0;
    return fail(why, room, "skip has seconds, a number from 0 to 3600");
}

static int read_message(struct server_live_message *out, json_t *object, char *why, size_t room) {
    const char *type = json_string_value(json_object_get(object, "type"));
    if (type && !strcmp(type, "start")) {
        out->type = SERVER_LIVE_START;
        return read_start(out, object, why, room);
    }
    if (type && !strcmp(type, "skip")) {
        out->type = SERVER_LIVE_SKIP;
        return read_skip(out, object, why, room);
    }
    out->type = SERVER_LIVE_FINISH;
    if (type && !strcmp(type, "finish") && json_object_size(object) == 1)
        return 0;
    return fail(why, room, "a text frame is {\"type\":\"start\"|\"skip\"|\"finish\",...}");
}

int server_live_message_read(struct server_live_message *out,
                             const struct server_live_params *before, const char *text, size_t n,
                             char *why, size_t room) {
    *out = (struct server_live_message){.params = *before};
    json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    int rc = read_message(out, object, why, room);
    json_decref(object);
    return rc;
}
