/* report_line.h - what report.c and progress.c share: the terminal's one redrawn line.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_REPORT_LINE_H
#define CLI_REPORT_LINE_H

#include "options.h"

void cli_progress_setup(const struct cli_settings *settings);

int32_t cli_progress_mode(void); /* CLI_PROGRESS_TTY, _JSON or _NONE */
/* Replaces the redrawn line by this one, cut to the terminal's width; with the lock held. */
void cli_progress_draw(char *line);

void cli_report_lock(void);
void cli_report_unlock(void);
/* Both with the lock held. Replaces the redrawn line, or takes it away. */
void cli_report_draw(const char *line);
void cli_report_clear(void);

#endif
