/* write_textgrid.c - Praat TextGrid, long form: an interval tier without gaps for every speaker.
 * SPDX-License-Identifier: MIT
 *
 * Intervals in which the speaker talks carry the speaker's label, the others are empty. Praat knows
 * no overlap inside a tier, so overlapping turns of one speaker become one interval; and it opens
 * nothing without a tier and a length, so a recording without speech gets one empty tier. */
#include "output/prepare.h"
#include "output/writers.h"

#include "base/error.h"

#include <stdlib.h>

static void put_quoted(struct dr_sink *sink, const char *text) {
    dr_sink_text(sink, "\"");
    for (; *text; text++) {
        char one[2] = {*text, 0};
        if (*text == '"')
            dr_sink_text(sink, "\"\"");
        else
            dr_sink_line(sink, one);
    }
    dr_sink_text(sink, "\"");
}

/* "xmin = 0.000" and "xmax = 1.000" behind an indent. */
static void put_range(struct dr_sink *sink, const char *indent, int64_t start_ms, int64_t end_ms) {
    dr_sink_format(sink, "%sxmin = ", indent);
    dr_sink_seconds(sink, start_ms);
    dr_sink_format(sink, " \n%sxmax = ", indent);
    dr_sink_seconds(sink, end_ms);
    dr_sink_text(sink, " \n");
}

static void put_interval(struct dr_sink *sink, size_t number, int64_t start_ms, int64_t end_ms,
                         const char *text) {
    dr_sink_format(sink, "        intervals [%zu]:\n", number);
    put_range(sink, "            ", start_ms, end_ms);
    dr_sink_text(sink, "            text = ");
    put_quoted(sink, text);
    dr_sink_text(sink, " \n");
}

/* Disjoint, sorted intervals of one speaker; pads the gaps. sink NULL: only counts. */
static size_t put_intervals(struct dr_sink *sink, const struct dr_ms_turn *turns, size_t num,
                            int64_t duration_ms, const char *label) {
    size_t count = 0;
    int64_t covered_ms = 0;
    for (size_t i = 0; i < num; i++) {
        if (turns[i].start_ms > covered_ms && ++count && sink)
            put_interval(sink, count, covered_ms, turns[i].start_ms, "");
        count++;
        if (sink)
            put_interval(sink, count, turns[i].start_ms, turns[i].end_ms, label);
        covered_ms = turns[i].end_ms;
    }
    if (covered_ms < duration_ms && ++count && sink)
        put_interval(sink, count, covered_ms, duration_ms, "");
    return count;
}

static void put_tier(struct dr_sink *sink, size_t number, const char *label,
                     const struct dr_ms_turn *turns, size_t num, int64_t duration_ms) {
    dr_sink_format(sink,
                   "    item [%zu]:\n        class = \"IntervalTier\" \n        name = ", number);
    put_quoted(sink, label);
    dr_sink_text(sink, " \n");
    put_range(sink, "        ", 0, duration_ms);
    dr_sink_format(sink, "        intervals: size = %zu \n",
                   put_intervals(NULL, turns, num, duration_ms, label));
    put_intervals(sink, turns, num, duration_ms, label);
}

static int by_speaker(const void *left, const void *right) {
    const struct dr_ms_turn *a = left, *b = right;
    if (a->speaker != b->speaker)
        return a->speaker < b->speaker ? -1 : 1;
    return (a->start_ms > b->start_ms) - (a->start_ms < b->start_ms);
}

/* Sorts by speaker, then joins overlapping turns of one speaker. */
static void join_overlap(struct dr_ms_turns *turns) {
    size_t kept = 0;
    if (turns->num)
        qsort(turns->items, turns->num, sizeof *turns->items, by_speaker);
    for (size_t i = 0; i < turns->num; i++) {
        struct dr_ms_turn turn = turns->items[i];
        struct dr_ms_turn *last = kept ? &turns->items[kept - 1] : NULL;
        if (!last || last->speaker != turn.speaker || last->end_ms <= turn.start_ms)
            turns->items[kept++] = turn;
        else if (last->end_ms < turn.end_ms)
            last->end_ms = turn.end_ms;
    }
    turns->num = kept;
}

int dr_write_textgrid(struct dr_sink *sink, const diarist_document *document,
                      const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    int status = dr_one_recording(&recording, document, "textgrid", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, options->view, err);
    if (status)
        return status;
    join_overlap(&turns);
    int64_t duration_ms = dr_ms_duration(recording);
    if (duration_ms == 0)
        duration_ms = 1;
    size_t num_tiers = recording->num_speakers ? recording->num_speakers : 1;
    dr_sink_text(sink, "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n");
    put_range(sink, "", 0, duration_ms);
    dr_sink_format(sink, "tiers? <exists> \nsize = %zu \nitem []:\n", num_tiers);
    for (size_t s = 0, first = 0, end; s < num_tiers; s++, first = end) {
        for (end = first; end < turns.num && turns.items[end].speaker == (int32_t)s;)
            end++;
        const char *label =
            recording->num_speakers ? dr_speaker_label(&recording->speakers[s]) : "SPEECH";
        put_tier(sink, s + 1, label, turns.num ? turns.items + first : NULL, end - first,
                 duration_ms);
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
