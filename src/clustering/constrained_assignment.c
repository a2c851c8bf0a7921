/* constrained_assignment.c - local speakers of a chunk go to different speakers.
 * SPDX-License-Identifier: MIT */
#include "clustering/constrained_assignment.h"

#include "clustering/assign.h"

#include <math.h>

enum { Q = DR_LOCAL_SPEAKERS, FREE = -1 };

/* Rows are the fewer of local speakers and speakers, columns the others. */
struct assignment {
    size_t num_rows, num_columns;
    double *cost;       /* [num_rows][num_columns] */
    double row_dual[Q]; /* costs less both duals are >= 0, and 0 where assigned */
    double *column_dual;
    int column_of[Q];
    int *row_of;       /* [num_columns] */
    int *previous;     /* [num_columns] row from which the shortest path enters a column */
    double *length;    /* [num_columns] of that path */
    uint8_t *settled;  /* [num_columns] whether it is final */
    uint32_t *waiting; /* [num_columns] columns that are not */
};

static int allocate(struct assignment *a, size_t num_speakers, struct dr_arena *arena) {
    a->num_rows = num_speakers < Q ? num_speakers : Q;
    a->num_columns = num_speakers < Q ? Q : num_speakers;
    a->cost = dr_arena_alloc(arena, a->num_rows * a->num_columns, sizeof *a->cost);
    a->column_dual = dr_arena_alloc(arena, a->num_columns, sizeof *a->column_dual);
    a->row_of = dr_arena_alloc(arena, a->num_columns, sizeof *a->row_of);
    a->previous = dr_arena_alloc(arena, a->num_columns, sizeof *a->previous);
    a->length = dr_arena_alloc(arena, a->num_columns, sizeof *a->length);
    a->settled = dr_arena_alloc(arena, a->num_columns, sizeof *a->settled);
    a->waiting = dr_arena_alloc(arena, a->num_columns, sizeof *a->waiting);
    return a->cost && a->column_dual && a->row_of && a->previous && a->length && a->settled &&
           a->waiting;
}

static void set_costs(struct assignment *a, const double *score, size_t num_speakers,
                      double lowest) {
    for (size_t q = 0; q < Q; q++) {
        for (size_t k = 0; k < num_speakers; k++) {
            double value = score[q * num_speakers + k];
            size_t at = num_speakers < Q ? k * a->num_columns + q : q * a->num_columns + k;
            a->cost[at] = isnan(value) ? -lowest : -value;
        }
    }
}

/* The waiting column with the shortest path, after those through row have been looked at; of equals
 * one without a row, the last of these in waiting's order. Takes it out. */
static size_t settle_nearest(struct assignment *a, size_t row, double reached,
                             size_t *num_waiting) {
    size_t best = 0;
    double lowest = INFINITY;
    for (size_t w = 0; w < *num_waiting; w++) {
        size_t c = a->waiting[w];
        double length =
            reached + a->cost[row * a->num_columns + c] - a->row_dual[row] - a->column_dual[c];
        if (length < a->length[c]) {
            a->previous[c] = (int)row;
            a->length[c] = length;
        }
        if (a->length[c] < lowest || (a->length[c] == lowest && a->row_of[c] == FREE)) {
            lowest = a->length[c];
            best = w;
        }
    }
    size_t column = a->waiting[best];
    a->settled[column] = 1;
    a->waiting[best] = a->waiting[--*num_waiting];
    return column;
}

/* Shortest path from a row without a column to a column without a row: Dijkstra over costs less
 * duals. Columns wait in descending order, so that equal costs give ascending columns. */
static size_t find_path(struct assignment *a, size_t row) {
    size_t num_waiting = a->num_columns, column;
    double reached = 0;
    for (size_t c = 0; c < a->num_columns; c++) {
        a->waiting[c] = (uint32_t)(a->num_columns - 1 - c);
        a->length[c] = INFINITY;
        a->settled[c] = 0;
    }
    for (;;) {
        column = settle_nearest(a, row, reached, &num_waiting);
        reached = a->length[column];
        if (a->row_of[column] == FREE)
            return column;
        row = (size_t)a->row_of[column];
    }
}

static void update_duals(struct assignment *a, size_t row, double reached) {
    a->row_dual[row] += reached;
    for (size_t c = 0; c < a->num_columns; c++) {
        if (!a->settled[c])
            continue;
        if (a->row_of[c] != FREE)
            a->row_dual[a->row_of[c]] += reached - a->length[c];
        a->column_dual[c] -= reached - a->length[c];
    }
}

static void solve(struct assignment *a) {
    for (size_t c = 0; c < a->num_columns; c++) {
        a->row_of[c] = FREE;
        a->column_dual[c] = 0;
    }
    for (size_t row = 0; row < a->num_rows; row++) {
        a->row_dual[row] = 0;
        a->column_of[row] = FREE;
    }
    for (size_t row = 0; row < a->num_rows; row++) {
        int column = (int)find_path(a, row), entered;
        update_duals(a, row, a->length[column]);
        do { /* every row on the path moves on to the column after it */
            entered = a->previous[column];
            a->row_of[column] = entered;
            int next = a->column_of[entered];
            a->column_of[entered] = column;
            column = next;
        } while (entered != (int)row);
    }
}

int dr_constrained_assignment(int32_t *hard, const double *score, size_t num_chunks,
                              size_t num_speakers, struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct assignment a = {0};
    double lowest = INFINITY;
    if (!allocate(&a, num_speakers, arena)) {
        dr_arena_rewind(arena, mark);
        return dr_fail_memory(err);
    }
    for (size_t i = 0; i < num_chunks * Q * num_speakers; i++)
        lowest = fmin(lowest, score[i]);
    if (!isfinite(lowest))
        lowest = 0;
    for (size_t c = 0; c < num_chunks; c++) {
        set_costs(&a, score + c * Q * num_speakers, num_speakers, lowest);
        solve(&a);
        for (size_t q = 0; q < Q; q++) {
            int speaker = num_speakers < Q ? a.row_of[q] : a.column_of[q];
            hard[c * Q + q] = speaker == FREE ? DR_NOBODY : speaker;
        }
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
