/* read_uem.c - un-partitioned evaluation maps: lines of FILE CHANNEL START END.
 * SPDX-License-Identifier: MIT
 *
 * Blank lines and comments (;; or #) say nothing; anything else is an error. */
#include "score/uem.h"

#include "base/c_numbers.h"
#include "base/error.h"
#include "input/input.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ID = 1024, NUM_FIELDS = 4 };

static int read_line(const struct dr_input *in, diarist_uem *uem, const struct dr_span *fields,
                     size_t num) {
    char id[MAX_ID];
    double start_s, end_s;
    if (num != NUM_FIELDS)
        return dr_input_fail(in, "%s fields; a line of a UEM is FILE CHANNEL START END",
                             num < NUM_FIELDS ? "too few" : "too many");
    if (fields[0].size >= sizeof id)
        return dr_input_fail(in, "the file id is longer than 1023 bytes; shorten it");
    if (dr_span_number(fields[2], &start_s) || dr_span_number(fields[3], &end_s))
        return dr_input_fail(in, "%s is not a number; give seconds",
                             dr_span_number(fields[2], &start_s) ? "the start" : "the end");
    if (start_s < 0)
        return dr_input_fail(in, "the start is negative; give seconds from the first sample");
    if (end_s <= start_s)
        return dr_input_fail(in, "the region ends before it starts; put START before END");
    memcpy(id, fields[0].text, fields[0].size);
    id[fields[0].size] = 0;
    diarist_error wrong;
    int status = diarist_uem_add(uem, id, start_s, end_s, &wrong);
    if (status == DIARIST_ERROR_ARGUMENT)
        return dr_input_fail(in, "the region ends after more than a billion seconds; give seconds");
    return status ? dr_fail_memory(in->err) : DIARIST_OK;
}

static int read_lines(struct dr_input *in, diarist_uem *uem) {
    struct dr_span line, fields[NUM_FIELDS + 1];
    int status;
    while ((status = dr_input_line(in, &line)) > 0) {
        size_t num = dr_span_fields(dr_span_trim(line), fields, NUM_FIELDS + 1);
        if (num == 0 || dr_span_begins(fields[0], ";") || dr_span_begins(fields[0], "#"))
            continue;
        status = read_line(in, uem, fields, num);
        if (status)
            return status;
    }
    return status;
}

int diarist_uem_read(diarist_uem *uem, const char *path, diarist_error *err) {
    char *text = NULL;
    size_t size = 0;
    struct dr_input in;
    struct dr_c_numbers numbers;
    int status = dr_input_load(&text, &size, path, err);
    if (status)
        return status;
    status = dr_c_numbers_begin(&numbers, err);
    if (!status) {
        dr_input_start(&in, strcmp(path, "-") == 0 ? "standard input" : path, "", text, size, err);
        status = read_lines(&in, uem);
        dr_c_numbers_end(&numbers);
    }
    free(text);
    return status;
}
