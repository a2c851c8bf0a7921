/* protocol.c - what the events of any live stream must keep to, whatever was said.
 * SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <math.h>
#include <string.h>

#define FRAME_S 0.016875 /* within which a turn ends before or after what was said */
#define ROUNDING_S 1e-9

#define MUST(promise, text) \
    do {                    \
        if (!(promise))     \
            return text;    \
    } while (0)

void protocol_init(struct protocol *p, double latency_s, int32_t num_known) {
    memset(p, 0, sizeof *p);
    p->latency_s = latency_s;
    p->num_known = num_known;
}

static const char *check_speaker(const struct protocol *p, int32_t speaker, size_t num_speakers) {
    MUST(speaker >= 0 && speaker < PROTOCOL_SPEAKERS, "a speaker's number out of range");
    MUST((size_t)speaker < num_speakers, "a speaker's number that was not given");
    MUST(!p->merged[speaker], "a merged speaker comes again");
    return NULL;
}

/* Open turns of the one are the other's from now on. */
static const char *merge(struct protocol *p, const diarist_event *e, size_t num_speakers) {
    const char *wrong = check_speaker(p, e->speaker, num_speakers);
    if (!wrong)
        wrong = check_speaker(p, e->into, num_speakers);
    if (wrong)
        return wrong;
    MUST(e->speaker != e->into, "a speaker is merged into itself");
    MUST(e->speaker >= p->num_known, "a known speaker is merged");
    MUST(e->turn == 0 && e->start == 0 && e->end == 0, "a merging that has times");
    p->any_merged = p->merged[e->speaker] = 1;
    for (uint64_t i = 0; i < p->num_turns; i++)
        if (!p->turn[i].ended && p->turn[i].last.speaker == e->speaker)
            p->turn[i].last.speaker = e->into;
    return NULL;
}

static int is_as_last(const diarist_event *e, const diarist_event *last) {
    return e->start == last->start && e->end == last->end && e->speaker == last->speaker &&
           e->flags == last->flags;
}

/* Nobody talks twice at once, as long as nobody turned out to be somebody else. */
static const char *finish_turn(struct protocol *p, const diarist_event *e) {
    MUST(e->at - e->end <= p->latency_s + FRAME_S + ROUNDING_S, "final too late");
    MUST(p->any_merged || e->start >= p->talked_until[e->speaker] - ROUNDING_S,
         "a speaker talks twice at once");
    p->talked_until[e->speaker] = fmax(p->talked_until[e->speaker], e->end);
    return NULL;
}

static const char *check_turn(struct protocol *p, const diarist_event *e) {
    if (e->type == DIARIST_TURN_START) {
        MUST(e->turn == p->num_turns + 1, "turns are not numbered one by one");
        MUST(p->num_turns < PROTOCOL_TURNS, "more turns than this test can follow");
        p->turn[p->num_turns++].last = *e;
        return NULL;
    }
    MUST(e->turn >= 1 && e->turn <= p->num_turns, "a turn that did not start");
    struct protocol_turn *turn = &p->turn[e->turn - 1];
    MUST(!turn->ended, "something of a turn that has ended");
    if (e->type == DIARIST_TURN_UPDATE)
        MUST(!is_as_last(e, &turn->last), "an update that says nothing new");
    if (e->type == DIARIST_TURN_DROPPED)
        MUST(is_as_last(e, &turn->last), "dropped, but not with what was said last");
    turn->ended = e->type != DIARIST_TURN_UPDATE;
    turn->last = *e;
    return e->type == DIARIST_TURN_FINAL ? finish_turn(p, e) : NULL;
}

static const char *check_event(struct protocol *p, const diarist_event *e, double duration_s,
                               size_t num_speakers) {
    MUST(e->seq == ++p->num_events, "seq is not consecutive");
    MUST(e->at >= p->at, "at goes back");
    MUST(e->at <= duration_s + ROUNDING_S, "at lies after what was fed");
    p->at = e->at;
    MUST(!(e->flags & ~(uint32_t)DIARIST_TURN_OVERLAP), "an unknown flag");
    if (e->type == DIARIST_SPEAKER_MERGED)
        return merge(p, e, num_speakers);
    MUST(e->type >= DIARIST_TURN_START && e->type <= DIARIST_TURN_FINAL, "an unknown type");
    MUST(e->into == -1, "into of a turn");
    MUST(e->start >= 0 && e->start < e->end, "a turn that is empty or begins before 0");
    MUST(e->end <= e->at + ROUNDING_S, "a turn ends after what had come");
    MUST(e->confidence >= 0 && e->confidence <= 1, "confidence out of range");
    const char *wrong = check_speaker(p, e->speaker, num_speakers);
    return wrong ? wrong : check_turn(p, e);
}

int protocol_next(struct protocol *p, diarist_stream *stream, diarist_event *event,
                  const char **wrong) {
    if (diarist_stream_next(stream, event))
        return -1;
    *wrong =
        check_event(p, event, diarist_stream_duration(stream), diarist_stream_num_speakers(stream));
    return 0;
}

const char *protocol_end(const struct protocol *p) {
    for (uint64_t i = 0; i < p->num_turns; i++)
        MUST(p->turn[i].ended, "a turn that is neither final nor dropped");
    return NULL;
}
