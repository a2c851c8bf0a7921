/* live_queue.c - audio that waits to be heard, events that wait to be sent.
 * SPDX-License-Identifier: MIT */
#include "live_queue.h"

#include <stdlib.h>
#include <string.h>

int server_pieces_add(struct server_pieces *pieces, const void *bytes, size_t size, uint64_t num) {
    struct server_piece *piece = malloc(sizeof *piece + size);
    if (!piece)
        return -1;
    *piece = (struct server_piece){.num = num, .size = size};
    if (size)
        memcpy(piece->bytes, bytes, size);
    if (pieces->last)
        pieces->last->next = piece;
    else
        pieces->first = piece;
    pieces->last = piece;
    pieces->size += sizeof *piece + size;
    pieces->num += num;
    return 0;
}

struct server_piece *server_pieces_take(struct server_pieces *pieces) {
    struct server_piece *first = pieces->first;
    if (!first)
        return NULL;
    pieces->first = first->next;
    if (!pieces->first)
        pieces->last = NULL;
    pieces->size -= sizeof *first + first->size;
    pieces->num -= first->num;
    return first;
}

void server_pieces_clear(struct server_pieces *pieces) {
    struct server_piece *piece;
    while ((piece = server_pieces_take(pieces)))
        free(piece);
}

static void forget_first(struct server_events *events) {
    struct server_event *first = events->first;
    events->first = first->next;
    if (!events->first)
        events->last = NULL;
    if (events->unsent == first)
        events->unsent = first->next;
    events->forgotten = first->seq;
    events->size -= sizeof *first + first->size;
    free(first);
}

int server_events_add(struct server_events *events, uint64_t seq, const char *text, size_t size,
                      size_t room, bool *lost) {
    struct server_event *event = malloc(sizeof *event + size);
    if (!event)
        return -1;
    *event = (struct server_event){.seq = seq, .size = size};
    memcpy(event->text, text, size);
    if (events->last)
        events->last->next = event;
    else
        events->first = event;
    events->last = event;
    if (!events->unsent)
        events->unsent = event;
    events->size += sizeof *event + size;
    events->seq = seq;
    while (events->size > room && events->first != event) {
        *lost |= events->first == events->unsent;
        forget_first(events);
    }
    return 0;
}

int server_events_rewind(struct server_events *events, uint64_t seq) {
    if (seq < events->forgotten || seq > events->seq)
        return -1;
    for (events->unsent = events->first; events->unsent && events->unsent->seq <= seq;)
        events->unsent = events->unsent->next;
    return 0;
}

const struct server_event *server_events_next(struct server_events *events) {
    const struct server_event *event = events->unsent;
    if (event)
        events->unsent = event->next;
    return event;
}

void server_events_clear(struct server_events *events) {
    while (events->first)
        forget_first(events);
}
