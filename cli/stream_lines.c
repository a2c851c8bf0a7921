/* stream_lines.c - events of a live stream as lines.
 * SPDX-License-Identifier: MIT */
#include "stream_view.h"

#include <stdio.h>

void cli_stream_print_json(const diarist_event *event, const diarist_profiles *known) {
    common_print_event(stdout, event, known);
    putchar('\n');
}

void cli_stream_print_done(const struct common_stream_end *end) {
    common_print_done(stdout, end);
    putchar('\n');
}

/* A field of RTTM is one word. */
static const char *word(char *name) {
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '_';
    return name;
}

void cli_stream_print_rttm(const diarist_event *e, const diarist_profiles *known) {
    char name[COMMON_SPEAKER_NAME], into[COMMON_SPEAKER_NAME];
    common_speaker_name(name, known, e->speaker);
    if (e->type == DIARIST_SPEAKER_MERGED) {
        common_speaker_name(into, known, e->into);
        printf(";; %s is %s\n", word(name), word(into));
    }
    if (e->type == DIARIST_TURN_FINAL)
        printf("SPEAKER stdin 1 %.3f %.3f <NA> <NA> %s <NA> <NA>\n", e->start, e->end - e->start,
               word(name));
}
