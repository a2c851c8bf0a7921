/* json_out.c - documents as texts for whoever called.
 * SPDX-License-Identifier: MIT */
#include "json_out.h"

#include "common/fail.h"
#include "folder.h"
#include "text.h"

#include <stdlib.h>
#include "text.h"

#include <stdlib.h>

int bench_json_out(char **text, json_t *document, diarist_error *err) {
    char *dump = document ? json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : NULL;
    *text = dump ? bench_text_of("%s\n", dump) : NULL;
    free(dump);
    json_decref(document);
    return *text ? DIARIST_OK : common_fail_memory(err);
}

json_t *bench_json_text(const char *text) {
    if (!text)
        return json_null();
    if (bench_is_utf8(text))
        return json_string(text);
    char *ascii = bench_text_of("%s", text);
    for (char *c = ascii; c && *c; c++)
        *c = (char)((unsigned char)*c < 0x80 ? *c : '?');
    json_t *string = ascii ? json_string(ascii) : NULL;
    free(ascii);
    return string;
}
