/* bench_datasets.c - which datasets there are.
 * SPDX-License-Identifier: MIT */
#include "bench.h"

#include "commands.h"
#include "report.h"

#include <string.h>

int cli_bench_datasets(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    const char *what = settings->num_operands > 1 ? settings->operands[1] : "";
    (void)bench;
    cli_error("bench datasets",
              "takes list, check, init, bind or prepare%s%s; see diarist bench --help",
              *what ? ", not " : "", what);
    return CLI_EXIT_USAGE;
}
