/* stream_lines.c - events of a live stream as lines.
 * SPDX-License-Identifier: MIT */
#include "stream_view.h"

#include <stdio.h>

const char *cli_speaker_name(char out[CLI_SPEAKER_NAME], int32_t speaker) {
    snprintf(out, CLI_SPEAKER_NAME, "SPEAKER_%02d", speaker);
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

void cli_stream_print_json(const diarist_event *e) {
    char name[CLI_SPEAKER_NAME], into[CLI_SPEAKER_NAME];
    printf("{\"seq\":%llu,\"type\":\"%s\",", (unsigned long long)e->seq, type_name(e->type));
    if (e->type == DIARIST_SPEAKER_MERGED)
        printf("\"speaker\":\"%s\",\"into\":\"%s\"", cli_speaker_name(name, e->speaker),
               cli_speaker_name(into, e->into));
    else
        printf("\"turn\":%llu,\"speaker\":\"%s\",\"start\":%.4f,\"end\":%.4f,\"confidence\":%.3f,"
               "\"overlap\":%s",
               (unsigned long long)e->turn, cli_speaker_name(name, e->speaker), e->start, e->end,
               (double)e->confidence, e->flags & DIARIST_TURN_OVERLAP ? "true" : "false");
    printf(",\"at\":%.4f}\n", e->at);
}

void cli_stream_print_done(const struct cli_stream_end *end) {
    printf("{\"seq\":%llu,\"type\":\"done\",\"duration\":%.4f,\"speakers\":%zu,\"turns\":%zu,"
           "\"at\":%.4f}\n",
           (unsigned long long)end->seq, end->duration_s, end->num_speakers, end->num_turns,
           end->duration_s);
}

void cli_stream_print_rttm(const diarist_event *e) {
    char name[CLI_SPEAKER_NAME], into[CLI_SPEAKER_NAME];
    if (e->type == DIARIST_SPEAKER_MERGED)
        printf(";; %s is %s\n", cli_speaker_name(name, e->speaker),
               cli_speaker_name(into, e->into));
    if (e->type == DIARIST_TURN_FINAL)
        printf("SPEAKER stdin 1 %.3f %.3f <NA> <NA> %s <NA> <NA>\n", e->start, e->end - e->start,
               cli_speaker_name(name, e->speaker));
}
