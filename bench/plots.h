/* plots.h - a report as pictures: SVG inside an HTML page.
 * SPDX-License-Identifier: MIT
 *
 * Systems differ by colour and by shape; colours are the page's style classes s0 ... s5, of which
 * there is a light and a dark set. Every picture has a title and says in words what it shows. */
#ifndef BENCH_PLOTS_H
#define BENCH_PLOTS_H

#include "rows.h"
#include "text.h"

/* Text inside HTML and SVG, or a value in quotes: nothing in it is markup. */
void bench_html_text(struct bench_text *page, const char *text);

/* DER of each file: a line of dots for each of up to 40 files, otherwise each system's files in
 * order of their DER. */
void bench_plot_files(struct bench_text *page, const struct bench_results *results);
/* How many times faster than real time, against DER. */
void bench_plot_speed(struct bench_text *page, const json_t *report,
                      const struct bench_results *results);
/* How often each error of the number of speakers occurs. */
void bench_plot_counts(struct bench_text *page, const json_t *report,
                       const struct bench_results *results);

#endif
