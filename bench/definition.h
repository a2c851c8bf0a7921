/* definition.h - which systems can be run by name, and what may be said to them.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_DEFINITION_H
#define BENCH_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>

enum bench_kind {
    BENCH_KIND_ORACLE,  /* the reference itself */
    BENCH_KIND_DIARIST, /* settings.program, a process a file */
    BENCH_KIND_PYTHON,  /* a script in an environment of its own, a process for all files */
    BENCH_KIND_COMMAND  /* any command, a process a file */
};

enum bench_param_type {
    BENCH_PARAM_COUNT,  /* a whole number from min to max */
    BENCH_PARAM_NUMBER, /* from min to max */
    BENCH_PARAM_FLAG,   /* true or false */
    BENCH_PARAM_CHOICE, /* one of choices */
    BENCH_PARAM_TEXT    /* not empty */
};

struct bench_param {
    const char *name;
    enum bench_param_type type;
    double min, max;
    const char *choices; /* "a|b" */
    const char *option;  /* BENCH_KIND_DIARIST: the option of the command line */
};

struct bench_definition {
    const char *id;
    enum bench_kind kind;
    const char *summary;              /* one line */
    const char *needs;                /* what it does not bring along, one line; NULL: nothing */
    const struct bench_param *params; /* ended by a NULL name */
    const char *const *variables;     /* of this program's that it sees too, ended by NULL */
};

/* The i-th definition, NULL past the last. Custom commands have none. */
const struct bench_definition *bench_definition_at(size_t i);
const struct bench_definition *bench_definition_find(const char *id); /* NULL: none */
const struct bench_param *bench_definition_param(const struct bench_definition *definition,
                                                 const char *name); /* NULL: none */

#endif
