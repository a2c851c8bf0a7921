/* assignment.c - who goes with whom, so that the costs add up to the least.
 * SPDX-License-Identifier: MIT */
#include "base/assignment.h"

#include <math.h>

int dr_assignment_open(struct dr_assignment *a, size_t num_rows, size_t num_columns,
                       struct dr_arena *arena) {
    a->is_turned = num_columns < num_rows;
    a->num_short = a->is_turned ? num_columns : num_rows;
    a->num_long = a->is_turned ? num_rows : num_columns;
    a->cost = dr_arena_alloc(arena, a->num_short * a->num_long, sizeof *a->cost);
    a->short_dual = dr_arena_alloc(arena, a->num_short, sizeof *a->short_dual);
    a->long_dual = dr_arena_alloc(arena, a->num_long, sizeof *a->long_dual);
    a->long_of = dr_arena_alloc(arena, a->num_short, sizeof *a->long_of);
    a->short_of = dr_arena_alloc(arena, a->num_long, sizeof *a->short_of);
    a->previous = dr_arena_alloc(arena, a->num_long, sizeof *a->previous);
    a->length = dr_arena_alloc(arena, a->num_long, sizeof *a->length);
    a->settled = dr_arena_alloc(arena, a->num_long, sizeof *a->settled);
    a->waiting = dr_arena_alloc(arena, a->num_long, sizeof *a->waiting);
    return a->cost && a->short_dual && a->long_dual && a->long_of && a->short_of && a->previous &&
                   a->length && a->settled && a->waiting
               ? 0
               : -1;
}

/* The waiting one with the shortest path, after those through s have been looked at; of equals one
 * that nobody has, the last of these in waiting's order. Takes it out. */
static size_t settle_nearest(struct dr_assignment *a, size_t s, double reached,
                             size_t *num_waiting) {
    size_t best = 0;
    double lowest = INFINITY;
    for (size_t w = 0; w < *num_waiting; w++) {
        size_t l = a->waiting[w];
        double length = reached + a->cost[s * a->num_long + l] - a->short_dual[s] - a->long_dual[l];
        if (length < a->length[l]) {
            a->previous[l] = (int32_t)s;
            a->length[l] = length;
        }
        if (a->length[l] < lowest || (a->length[l] == lowest && a->short_of[l] == DR_UNASSIGNED)) {
            lowest = a->length[l];
            best = w;
        }
    }
    size_t nearest = a->waiting[best];
    a->settled[nearest] = 1;
    a->waiting[best] = a->waiting[--*num_waiting];
    return nearest;
}

/* Shortest path from one of the short that has nobody to one of the long that nobody has: Dijkstra
 * over costs less duals. They wait in descending order, so that equal costs give ascending ones. */
static size_t find_path(struct dr_assignment *a, size_t s) {
    size_t num_waiting = a->num_long, l;
    double reached = 0;
    for (l = 0; l < a->num_long; l++) {
        a->waiting[l] = (uint32_t)(a->num_long - 1 - l);
        a->length[l] = INFINITY;
        a->settled[l] = 0;
    }
    for (;;) {
        l = settle_nearest(a, s, reached, &num_waiting);
        reached = a->length[l];
        if (a->short_of[l] == DR_UNASSIGNED)
            return l;
        s = (size_t)a->short_of[l];
    }
}

static void update_duals(struct dr_assignment *a, size_t s, double reached) {
    a->short_dual[s] += reached;
    for (size_t l = 0; l < a->num_long; l++) {
        if (!a->settled[l])
            continue;
        if (a->short_of[l] != DR_UNASSIGNED)
            a->short_dual[a->short_of[l]] += reached - a->length[l];
        a->long_dual[l] -= reached - a->length[l];
    }
}

void dr_assignment_solve(struct dr_assignment *a) {
    for (size_t l = 0; l < a->num_long; l++) {
        a->short_of[l] = DR_UNASSIGNED;
        a->long_dual[l] = 0;
    }
    for (size_t s = 0; s < a->num_short; s++) {
        a->short_dual[s] = 0;
        a->long_of[s] = DR_UNASSIGNED;
    }
    for (size_t s = 0; s < a->num_short; s++) {
        int32_t l = (int32_t)find_path(a, s), entered;
        update_duals(a, s, a->length[l]);
        do { /* everyone on the path moves on to the one after it */
            entered = a->previous[l];
            a->short_of[l] = entered;
            int32_t next = a->long_of[entered];
            a->long_of[entered] = l;
            l = next;
        } while (entered != (int32_t)s);
    }
}
