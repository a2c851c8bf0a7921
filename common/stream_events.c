/* stream_events.c - events of a live stream as JSON.
 * SPDX-License-Identifier: MIT */
#include "stream_events.h"

#include "json_text.h"

#include <stdbool.h>

const char *common_speaker_name(char out[COMMON_SPEAKER_NAME], const diarist_profiles *known,
                                int32_t speaker) {
    const int32_t num_known = known ? (int32_t)diarist_profiles_num(known) : 0;
    if (speaker < num_known)
        snprintf(out, COMMON_SPEAKER_NAME, "%s", diarist_profiles_name(known, (size_t)speaker));
    else
        snprintf(out, COMMON_SPEAKER_NAME, "SPEAKER_%02d", speaker - num_known);
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

static void put_speaker(FILE *to, const char *key, const diarist_profiles *known, int32_t speaker) {
    char name[COMMON_SPEAKER_NAME];
    fprintf(to, ",\"%s\":", key);
    common_json_string(to, common_speaker_name(name, known, speaker));
}

void common_print_event(FILE *to, const diarist_event *e, const diarist_profiles *known) {
    const bool merged = e->type == DIARIST_SPEAKER_MERGED;
    fprintf(to, "{\"seq\":%llu,\"type\":\"%s\"", (unsigned long long)e->seq, type_name(e->type));
    if (!merged)
        fprintf(to, ",\"turn\":%llu", (unsigned long long)e->turn);
    put_speaker(to, "speaker", known, e->speaker);
    if (merged)
        put_speaker(to, "into", known, e->into);
    else
        fprintf(to, ",\"start\":%.4f,\"end\":%.4f,\"confidence\":%.3f,\"overlap\":%s", e->start,
                e->end, (double)e->confidence, e->flags & DIARIST_TURN_OVERLAP ? "true" : "false");
    fprintf(to, ",\"at\":%.4f}", e->at);
}

void common_print_done(FILE *to, const struct common_stream_end *end) {
    fprintf(to,
            "{\"seq\":%llu,\"type\":\"done\",\"duration\":%.4f,\"speakers\":%zu,\"turns\":%zu,"
            "\"at\":%.4f}",
            (unsigned long long)end->seq, end->duration_s, end->num_speakers, end->num_turns,
            end->duration_s);
}
