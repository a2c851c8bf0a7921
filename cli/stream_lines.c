/* stream_lines.c - events of a live stream as lines.
 * SPDX-License-Identifier: MIT */
#include "stream_view.h"

#include "text.h"

#include <stdio.h>

const char *cli_speaker_name(char out[CLI_SPEAKER_NAME], const diarist_profiles *known,
                             int32_t speaker) {
    const int32_t num_known = known ? (int32_t)diarist_profiles_num(known) : 0;
    if (speaker < num_known)
        snprintf(out, CLI_SPEAKER_NAME, "%s", diarist_profiles_name(known, (size_t)speaker));
    else
        snprintf(out, CLI_SPEAKER_NAME, "SPEAKER_%02d", speaker - num_known);
    return out;
}

static const char *type_name(int32_t type) {
    switch (type) {
    case DIARIST_TURN_START:
        return "turn.start";
    case DIARIST_TURN_UPDATE:
        return "turn.update";
    case DIARIST_TURN_DROPPED:
        return "turn.dropped";
    case DIARIST_TURN_FINAL:
        return "turn.final";
    default:
        return "speaker.merged";
    }
}

static void put_speaker(const char *key, const diarist_profiles *known, int32_t speaker) {
    char name[CLI_SPEAKER_NAME];
    printf(",\"%s\":", key);
    cli_json_string(stdout, cli_speaker_name(name, known, speaker));
}

void cli_stream_print_json(const diarist_event *e, const diarist_profiles *known) {
    const bool merged = e->type == DIARIST_SPEAKER_MERGED;
    printf("{\"seq\":%llu,\"type\":\"%s\"", (unsigned long long)e->seq, type_name(e->type));
    if (!merged)
        printf(",\"turn\":%llu", (unsigned long long)e->turn);
    put_speaker("speaker", known, e->speaker);
    if (merged)
        put_speaker("into", known, e->into);
    else
        printf(",\"start\":%.4f,\"end\":%.4f,\"confidence\":%.3f,\"overlap\":%s", e->start, e->end,
               (double)e->confidence, e->flags & DIARIST_TURN_OVERLAP ? "true" : "false");
    printf(",\"at\":%.4f}\n", e->at);
}

void cli_stream_print_done(const struct cli_stream_end *end) {
    printf("{\"seq\":%llu,\"type\":\"done\",\"duration\":%.4f,\"speakers\":%zu,\"turns\":%zu,"
           "\"at\":%.4f}\n",
           (unsigned long long)end->seq, end->duration_s, end->num_speakers, end->num_turns,
           end->duration_s);
}

/* A field of RTTM is one word. */
static const char *word(char *name) {
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '_';
    return name;
}

void cli_stream_print_rttm(const diarist_event *e, const diarist_profiles *known) {
    char name[CLI_SPEAKER_NAME], into[CLI_SPEAKER_NAME];
    cli_speaker_name(name, known, e->speaker);
    if (e->type == DIARIST_SPEAKER_MERGED) {
        cli_speaker_name(into, known, e->into);
        printf(";; %s is %s\n", word(name), word(into));
    }
    if (e->type == DIARIST_TURN_FINAL)
        printf("SPEAKER stdin 1 %.3f %.3f <NA> <NA> %s <NA> <NA>\n", e->start, e->end - e->start,
               word(name));
}
