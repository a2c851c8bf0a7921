/* query.c - what a query says.
 * SPDX-License-Identifier: MIT */
#include "query.h"

#include "answer.h"

#include <stdlib.h>
#include <string.h>

int server_query_number(struct server_exchange *exchange, const char *name, int64_t min,
                        int64_t max, int64_t *out) {
    const char *text = server_fields_get(&exchange->fields, name);
    char *end;
    if (!text)
        return 0;
    long long value = strtoll(text, &end, 10);
    if (!*text || *end || strspn(text, "0123456789") != strlen(text) || value < min ||
        value > max || strlen(text) > 18) {
        server_answer_problem(exchange, 400, "%s is a whole number from %lld to %lld", name,
                              (long long)min, (long long)max);
        return -1;
    }
    *out = value;
    return 0;
}
