/* bench_datasets.c - which datasets there are, what is in them, and how they get there.
 * SPDX-License-Identifier: MIT */
#include "bench.h"

#include "commands.h"
#include "report.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

static size_t size_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_array(value) ? json_array_size(value) : (size_t)json_integer_value(value);
}

static bool wants_json(const struct cli_settings *settings) {
    return settings->report_format == CLI_JSON;
}

/* What the library wrote, read again; takes text. NULL after the error was printed. */
static json_t *document_of(char *text) {
    json_t *document = json_loads(text, 0, NULL);
    free(text);
    if (!document)
        cli_fail_memory();
    return document;
}

/* ---- list ---------------------------------------------------------------------------------- */

static int list(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    char *text;
    diarist_error err;
    if (diarist_bench_datasets(&text, bench, &err))
        return cli_fail(bench->datasets_file, &err);
    if (wants_json(settings))
        return cli_bench_print(text);
    json_t *datasets = document_of(text), *entry;
    size_t i;
    if (!datasets)
        return CLI_EXIT_LIMIT;
    json_array_foreach(datasets, i, entry) {
        printf("%-16s %-12s %s", cli_bench_text_of(entry, "dataset_id"),
               cli_bench_text_of(entry, "state"), cli_bench_text_of(entry, "name"));
        if (*cli_bench_text_of(entry, "description"))
            printf(" (%s)", cli_bench_text_of(entry, "description"));
        printf("  %s\n", cli_bench_text_of(entry, "audio_dir"));
    }
    json_decref(datasets);
    return cli_finish_stdout();
}

/* ---- check --------------------------------------------------------------------------------- */

/* "  what: a, b, c and 7 more", where the list has anything. */
static void print_list(const json_t *matching, const char *key, const char *what) {
    enum { MOST = 5 };
    json_t *items = json_object_get(matching, key), *item;
    size_t i;
    if (!json_array_size(items))
        return;
    printf("  %s: ", what);
    json_array_foreach(items, i, item) {
        if (i == MOST) {
            printf(" and %zu more", json_array_size(items) - MOST);
            break;
        }
        const char *name = json_is_string(item)               ? json_string_value(item)
                           : json_object_get(item, "file_id") ? cli_bench_text_of(item, "file_id")
                                                              : cli_bench_text_of(item, "file");
        const char *problem = cli_bench_text_of(item, "problem");
        printf("%s%s%s%s%s", i ? ", " : "", name, *problem ? " (" : "", problem,
               *problem ? ")" : "");
    }
    putchar('\n');
}

static void print_check(const json_t *check) {
    static const struct {
        const char *key, *what;
    } lists[] = {
        {"audio_without_reference", "recordings without a reference"},
        {"duplicate_audio", "recordings for which another one stands"},
        {"reference_without_audio", "references without a recording"},
        {"duplicate_references", "second references of a recording"},
        {"unreadable_audio", "unreadable recordings"},
        {"unreadable_references", "unreadable references"},
        {"unreadable_uem", "unreadable UEM files"},
        {"empty_references", "references in which nobody talks"},
        {"reference_longer_than_audio", "references that go on after the recording's end"},
        {"without_uem", "recordings without a UEM"},
    };
    const json_t *manifest = json_object_get(check, "manifest");
    const json_t *matching = json_object_get(manifest, "matching");
    const json_t *stats = json_object_get(manifest, "stats");
    const json_t *speakers = json_object_get(stats, "speakers");
    bool ready = is_true(check, "ready");
    const char *verdict = is_true(check, "complete") ? "ready" : "ready, but not complete";
    printf("%-16s %s%s", cli_bench_text_of(check, "dataset_id"),
           ready ? "" : "not ready: ", ready ? verdict : cli_bench_text_of(check, "problem"));
    if (matching)
        printf("; %zu recordings, %zu references, %zu matched", size_of(matching, "audio_files"),
               size_of(matching, "references"), size_of(matching, "matched"));
    if (ready)
        printf(", %.2f h, %zu to %zu speakers", json_real_value(json_object_get(stats, "hours")),
               size_of(speakers, "min"), size_of(speakers, "max"));
    else if (!matching)
        printf(" (%s, %s)", cli_bench_text_of(check, "audio_dir"),
               cli_bench_text_of(check, "rttm_dir"));
    putchar('\n');
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        print_list(matching, lists[i].key, lists[i].what);
}

/* Adds the account of one dataset. 0, or an exit code after the error was printed. */
static int check_one(json_t *checks, const diarist_bench_settings *bench, const char *id) {
    char *text;
    diarist_error err;
    if (diarist_bench_dataset_check(&text, bench, id, &err))
        return cli_fail(NULL, &err);
    json_t *check = document_of(text);
    return check && !json_array_append_new(checks, check) ? 0 : CLI_EXIT_LIMIT;
}

static int check_all(json_t *checks, const diarist_bench_settings *bench) {
    char *text;
    diarist_error err;
    if (diarist_bench_datasets(&text, bench, &err))
        return cli_fail(bench->datasets_file, &err);
    json_t *datasets = document_of(text), *entry;
    int rc = datasets ? 0 : CLI_EXIT_LIMIT;
    size_t i;
    json_array_foreach(datasets, i, entry) {
        if (!rc)
            rc = check_one(checks, bench, cli_bench_text_of(entry, "dataset_id"));
    }
    json_decref(datasets);
    return rc;
}

static int print_checks(const struct cli_settings *settings, const json_t *checks) {
    json_t *check;
    size_t i;
    bool all_complete = true;
    json_array_foreach(checks, i, check) {
        if (!wants_json(settings))
            print_check(check);
        all_complete = all_complete && is_true(check, "complete");
    }
    if (wants_json(settings)) {
        json_dumpf(checks, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        putchar('\n');
    }
    int rc = cli_finish_stdout();
    if (!rc && settings->strict && !all_complete) {
        cli_error("bench datasets",
                  "not every dataset is ready and complete; see above, or leave out --strict");
        rc = CLI_EXIT_SOME_FAILED;
    }
    return rc;
}

static int check(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    json_t *checks = json_array();
    int rc = checks ? 0 : cli_fail_memory();
    if (!rc && settings->num_operands == 2)
        rc = check_all(checks, bench);
    for (size_t i = 2; !rc && i < settings->num_operands; i++)
        rc = check_one(checks, bench, settings->operands[i]);
    if (!rc)
        rc = print_checks(settings, checks);
    json_decref(checks);
    return rc;
}

/* ---- init, bind, prepare ------------------------------------------------------------------- */

static int init(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    char *text;
    diarist_error err;
    if (diarist_bench_datasets_init(&text, bench, &err))
        return cli_fail(bench->datasets_root, &err);
    if (wants_json(settings))
        return cli_bench_print(text);
    json_t *done = document_of(text), *id;
    size_t i;
    json_array_foreach(json_object_get(done, "made"), i, id)
        printf("made %s/%s\n", cli_bench_text_of(done, "root"), json_string_value(id));
    json_array_foreach(json_object_get(done, "there"), i, id)
        printf("there already: %s/%s\n", cli_bench_text_of(done, "root"), json_string_value(id));
    json_decref(done);
    return done ? cli_finish_stdout() : CLI_EXIT_LIMIT;
}

static int bind(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    diarist_error err;
    if (settings->num_operands != 3 || !settings->audio_dir || !settings->rttm_dir) {
        cli_error("bench datasets bind",
                  "takes ID --audio DIRECTORY --rttm DIRECTORY; see diarist bench --help");
        return CLI_EXIT_USAGE;
    }
    if (diarist_bench_dataset_bind(bench, settings->operands[2], settings->audio_dir,
                                   settings->rttm_dir, settings->uem_dir, &err))
        return cli_fail(NULL, &err);
    return 0;
}

static int print_prepared(const json_t *done) {
    json_t *skipped = json_object_get(done, "skipped"), *item;
    size_t i;
    printf("%s: %zu recordings, %zu references in %s\n", cli_bench_text_of(done, "dataset_id"),
           size_of(done, "audio"), size_of(done, "references"), cli_bench_text_of(done, "folder"));
    json_array_foreach(skipped, i, item) {
        printf("  left out: %s\n", json_string_value(item));
    }
    return cli_finish_stdout();
}

static int prepare(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    enum { FIRST = 3 }; /* datasets prepare CORPUS SOURCE... */
    char *text;
    diarist_error err;
    if (settings->num_operands <= FIRST) {
        cli_error("bench datasets prepare",
                  "takes aishell4, alimeeting or voxconverse, and the folder or archive of it; "
                  "see diarist bench --help");
        return CLI_EXIT_USAGE;
    }
    const char *const *sources = (const char *const *)settings->operands + FIRST;
    if (diarist_bench_dataset_prepare(&text, bench, settings->operands[2], sources,
                                      settings->num_operands - FIRST, &err))
        return cli_fail(NULL, &err);
    if (wants_json(settings))
        return cli_bench_print(text);
    json_t *done = document_of(text);
    int rc = done ? print_prepared(done) : CLI_EXIT_LIMIT;
    json_decref(done);
    return rc;
}

/* Folders are made below --datasets-root, whatever a list says. */
static int check_root(const struct cli_settings *settings, const char *what) {
    switch (cli_option_origin(settings, offsetof(struct cli_settings, datasets_file))) {
    case CLI_FROM_DEFAULT:
        return 0;
    case CLI_FROM_FLAG:
        cli_error("--datasets-file",
                  "datasets %s makes folders below --datasets-root; leave it out", what);
        return CLI_EXIT_USAGE;
    default:
        cli_warning(
            "bench datasets",
            "BENCH_DATASETS_FILE says which datasets there are: what %s makes is not one of "
            "them unless the list names it",
            what);
        return 0;
    }
}

static const struct {
    const char *name;
    int (*run)(const struct cli_settings *settings, const diarist_bench_settings *bench);
    bool takes_more, makes_folders;
} words[] = {{"list", list, false, false},
             {"check", check, true, false},
             {"init", init, false, true},
             {"bind", bind, true, true},
             {"prepare", prepare, true, true}};

int cli_bench_datasets(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    const char *what = settings->num_operands > 1 ? settings->operands[1] : "";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(what, words[i].name))
            continue;
        if (settings->num_operands > 2 && !words[i].takes_more) {
            cli_error("bench datasets", "%s takes no more words, not %s; see diarist bench --help",
                      what, settings->operands[2]);
            return CLI_EXIT_USAGE;
        }
        int rc = words[i].makes_folders ? check_root(settings, what) : 0;
        return rc ? rc : words[i].run(settings, bench);
    }
    cli_error("bench datasets",
              "takes list, check, init, bind or prepare%s%s; see diarist bench --help",
              *what ? ", not " : "", what);
    return CLI_EXIT_USAGE;
}
