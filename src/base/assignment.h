/* assignment.h - who goes with whom, so that the costs add up to the least.
 * SPDX-License-Identifier: MIT
 *
 * Linear sum assignment, exact for any number of rows and columns: every one of the fewer gets one
 * of the others (Crouse, "On implementing 2D rectangular assignment algorithms", 2016). Of equal
 * sums, the one that scipy's linear_sum_assignment takes. Time num_rows^2 * num_columns, with rows
 * the fewer. */
#ifndef DR_BASE_ASSIGNMENT_H
#define DR_BASE_ASSIGNMENT_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

enum { DR_UNASSIGNED = -1 };

/* Rows and columns are as the caller sees them; inside, short are the fewer and long the others. */
struct dr_assignment {
    int is_turned; /* columns are the fewer */
    size_t num_short, num_long;
    double *cost;       /* [num_short][num_long], finite */
    double *short_dual; /* costs less both duals are >= 0, and 0 where assigned */
    double *long_dual;
    int32_t *long_of;  /* [num_short] */
    int32_t *short_of; /* [num_long] */
    int32_t *previous; /* [num_long] from which of the short the shortest path comes */
    double *length;    /* [num_long] of that path */
    uint8_t *settled;  /* [num_long] whether it is final */
    uint32_t *waiting; /* [num_long] those that are not */
};

/* Memory for num_rows x num_columns, both at least 1; any number of problems may be solved one
 * after the other. 0, or -1 without memory. */
int dr_assignment_open(struct dr_assignment *a, size_t num_rows, size_t num_columns,
                       struct dr_arena *arena);

/* Where the cost of a pair stands; all must be set before solving, and stay as they are. */
static inline double *dr_assignment_cost(const struct dr_assignment *a, size_t row, size_t column) {
    return &a->cost[a->is_turned ? column * a->num_long + row : row * a->num_long + column];
}

void dr_assignment_solve(struct dr_assignment *a);

/* The column of a row, or DR_UNASSIGNED where rows are more. */
static inline int32_t dr_assignment_column(const struct dr_assignment *a, size_t row) {
    return a->is_turned ? a->short_of[row] : a->long_of[row];
}

#endif
