/* data_folder.h - where what a user keeps lies. SPDX-License-Identifier: MIT */
#ifndef CLI_DATA_FOLDER_H
#define CLI_DATA_FOLDER_H

/* given, unless it is NULL, or diarist/KIND below $XDG_DATA_HOME or ~/.local/share; to be freed.
 * NULL when there is no home. 0, or an exit code after the error was printed. */
int cli_data_folder(char **folder, const char *given, const char *kind);

#endif
