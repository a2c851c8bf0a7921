/* outputs.c - where results go, settled before any work is done.
 * SPDX-License-Identifier: MIT */
#include "outputs.h"

#include "common/files.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_same_file(const char *a, const char *b) {
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
           S_ISREG(x.st_mode);
}

int cli_make_directory(const char *path, const char *flag) {
    int wrong = common_make_directories(path);
    if (!wrong)
        return 0;
    cli_error(path, "cannot be made a directory for outputs: %s; give another %s", strerror(wrong),
              flag);
    return CLI_EXIT_SOME_FAILED;
}

static bool is_directory(const char *path) {
    struct stat st;
    size_t n = strlen(path);
    return path[n - 1] == '/' || (!stat(path, &st) && S_ISDIR(st.st_mode));
}

static int compare_texts(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* Two files of one name are one recording to whoever reads the lines later. */
static int warn_of_same_names(const struct cli_inputs *inputs) {
    char **stems = calloc(inputs->num + 1, sizeof *stems);
    bool complete = stems != NULL;
    for (size_t i = 0; i < inputs->num && complete; i++)
        complete = (stems[i] = cli_stem(inputs->paths[i])) != NULL;
    if (complete) {
        qsort(stems, inputs->num, sizeof *stems, compare_texts);
        for (size_t i = 1; i < inputs->num; i++)
            if (!strcmp(stems[i], stems[i - 1]) && (i < 2 || strcmp(stems[i], stems[i - 2])))
                cli_warning(stems[i], "several inputs have this name, and so have their lines in "
                                      "the output; jsonl tells them apart");
    }
    for (size_t i = 0; stems && i < inputs->num; i++)
        free(stems[i]);
    free(stems);
    return complete ? 0 : cli_fail_memory();
}

static int check_stdout(const struct cli_plan *plan, const struct cli_inputs *inputs,
                        const struct cli_settings *settings) {
    if (settings->resume) {
        cli_error("--resume", "needs outputs to look for; give --output");
        return CLI_EXIT_USAGE;
    }
    if (plan->num_formats > 1) {
        cli_error("--format", "several formats do not fit on standard output; give --output DIR/");
        return CLI_EXIT_USAGE;
    }
    if (inputs->several && !plan->formats[0].holds_several) {
        cli_error("--format", "%s holds one recording; give --output DIR/ for several",
                  plan->formats[0].name);
        return CLI_EXIT_USAGE;
    }
    return strcmp(plan->formats[0].name, "rttm") ? 0 : warn_of_same_names(inputs);
}

/* The flag that asks for path number `index` of the plan. */
static const char *flag_of(const struct cli_plan *plan, size_t index) {
    return plan->has_stages && index % plan->num_paths == plan->num_paths - 1 ? "--stages"
                                                                              : "--output";
}

/* Path number f of every input: a file of its name in a directory, or (of one input) path. */
static int fill_paths(struct cli_plan *plan, const struct cli_inputs *inputs, size_t f,
                      const char *path, const char *extension, bool directory) {
    const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
    for (size_t i = 0; i < plan->num_inputs; i++) {
        char *stem = directory ? cli_stem(inputs->paths[i]) : NULL;
        char **to = &plan->paths[i * plan->num_paths + f];
        if (stem)
            *to = cli_text("%s%s%s%s", path, slash, stem, extension);
        else if (!directory)
            *to = cli_text("%s", path);
        free(stem);
        if (!*to)
            return cli_fail_memory();
    }
    return 0;
}

struct target {
    const char *path;
    size_t index; /* into plan.paths */
};

static int compare_targets(const void *a, const void *b) {
    const struct target *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int fail_collision(const struct cli_plan *plan, const struct cli_inputs *inputs, size_t a,
                          size_t b) {
    const char *first = inputs->paths[a / plan->num_paths];
    const char *second = inputs->paths[b / plan->num_paths];
    if (a / plan->num_paths == b / plan->num_paths)
        cli_error(flag_of(plan, b), "%s is where %s writes to; give another", plan->paths[b],
                  flag_of(plan, a));
    else
        cli_error(second,
                  "would be written to %s like %s; rename one, or give them different outputs",
                  plan->paths[b], first);
    return CLI_EXIT_USAGE;
}

static int check_collisions(const struct cli_plan *plan, const struct cli_inputs *inputs) {
    size_t n = plan->num_inputs * plan->num_paths;
    struct target *targets = malloc(sizeof *targets * (n + 1));
    if (!targets)
        return cli_fail_memory();
    for (size_t i = 0; i < n; i++)
        targets[i] = (struct target){plan->paths[i], i};
    qsort(targets, n, sizeof *targets, compare_targets);
    int rc = 0;
    for (size_t i = 1; i < n && !rc; i++)
        if (!strcmp(targets[i].path, targets[i - 1].path))
            rc = fail_collision(plan, inputs, targets[i - 1].index, targets[i].index);
    free(targets);
    return rc;
}

struct identity {
    dev_t device;
    ino_t inode;
};

static int compare_identities(const void *a, const void *b) {
    const struct identity *x = a, *y = b;
    if (x->device != y->device)
        return x->device > y->device ? 1 : -1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

/* No output may be one of the inputs, under whatever name. */
static int check_overwrites(const struct cli_plan *plan, const struct cli_inputs *inputs,
                            const struct cli_settings *settings) {
    const char *others[] = {settings->files_from, settings->segments};
    size_t num_others = sizeof others / sizeof others[0], n = 0;
    struct identity *known = malloc(sizeof *known * (inputs->num + num_others));
    struct stat st;
    if (!known)
        return cli_fail_memory();
    for (size_t i = 0; i < inputs->num + num_others; i++) {
        const char *path = i < inputs->num ? inputs->paths[i] : others[i - inputs->num];
        if (path && !stat(path, &st) && S_ISREG(st.st_mode))
            known[n++] = (struct identity){st.st_dev, st.st_ino};
    }
    qsort(known, n, sizeof *known, compare_identities);
    int rc = 0;
    for (size_t i = 0; i < plan->num_inputs * plan->num_paths && !rc; i++) {
        if (stat(plan->paths[i], &st))
            continue;
        struct identity target = {st.st_dev, st.st_ino};
        if (bsearch(&target, known, n, sizeof *known, compare_identities)) {
            cli_error(plan->paths[i], "is an input and would be overwritten; give another %s",
                      flag_of(plan, i));
            rc = CLI_EXIT_USAGE;
        }
    }
    free(known);
    return rc;
}

/* Hours of work are not to end at a door that was closed from the start. Regular files are made
 * beside and renamed: their directory counts, behind symbolic links. */
static int check_writable(const char *path, const char *flag) {
    struct stat st;
    bool exists = !stat(path, &st), renamed = !exists || S_ISREG(st.st_mode);
    char *place = exists ? realpath(path, NULL) : cli_text("%s", path);
    char *slash = place ? strrchr(place, '/') : NULL;
    if (!place)
        return cli_fail_memory();
    if (renamed && slash)
        slash[slash == place] = 0;
    const char *touched = renamed && !slash ? "." : place;
    int wrong = access(touched, renamed ? W_OK | X_OK : W_OK) ? errno : 0;
    free(place);
    if (!wrong)
        return 0;
    cli_error(path, "cannot be written: %s; give another %s", strerror(wrong), flag);
    return CLI_EXIT_SOME_FAILED;
}

/* Files appear under their names complete, so one that is there is done; an RTTM without speakers
 * is empty. */
static void find_finished(struct cli_plan *plan) {
    for (size_t i = 0; i < plan->num_inputs; i++) {
        bool all = true;
        for (size_t f = 0; f < plan->num_paths; f++) {
            struct stat st;
            all &= !stat(plan->paths[i * plan->num_paths + f], &st) && S_ISREG(st.st_mode);
        }
        plan->skip[i] = all;
    }
}

/* Where the formats go. */
static int plan_outputs(struct cli_plan *plan, const struct cli_inputs *inputs,
                        const char *output) {
    bool directory = inputs->several || plan->num_formats > 1 || is_directory(output);
    int rc = 0;
    for (size_t f = 0; f < plan->num_formats && !rc; f++)
        rc = fill_paths(plan, inputs, f, output, plan->formats[f].extension, directory);
    return rc;
}

/* Where the stages go: one file, or one for each input in a directory. */
static int plan_stages(struct cli_plan *plan, const struct cli_inputs *inputs, const char *stages) {
    bool directory = is_directory(stages);
    const char *wrong = !strcmp(stages, "-") ? "standard output is for turns; give a file"
                        : inputs->several && !directory
                            ? "a file holds one recording; give a directory, DIR/, for several"
                            : NULL;
    if (wrong) {
        cli_error("--stages", "%s", wrong);
        return CLI_EXIT_USAGE;
    }
    return fill_paths(plan, inputs, plan->num_paths - 1, stages, ".npz", directory);
}

/* Directories that outputs go to are made, and can be written to. */
static int prepare_places(const struct cli_plan *plan, const struct cli_inputs *inputs,
                          const struct cli_settings *settings) {
    int rc = 0;
    if (!plan->to_stdout &&
        (inputs->several || plan->num_formats > 1 || is_directory(settings->output)))
        rc = cli_make_directory(settings->output, "--output");
    if (!rc && plan->has_stages && is_directory(settings->stages))
        rc = cli_make_directory(settings->stages, "--stages");
    for (size_t f = 0; f < plan->num_paths && inputs->num && !rc; f++)
        rc = check_writable(plan->paths[f], flag_of(plan, f));
    return rc;
}

int cli_plan_make(struct cli_plan *plan, const struct cli_inputs *inputs,
                  const struct cli_settings *settings) {
    const char *output = settings->output;
    int rc = 0;
    plan->num_inputs = inputs->num;
    plan->to_stdout = !output || !strcmp(output, "-");
    plan->has_stages = settings->stages != NULL;
    plan->num_paths = (plan->to_stdout ? 0 : plan->num_formats) + plan->has_stages;
    plan->skip = calloc(inputs->num + 1, sizeof *plan->skip);
    plan->paths = calloc(inputs->num * plan->num_paths + 1, sizeof *plan->paths);
    if (!plan->skip || !plan->paths)
        return cli_fail_memory();
    if (plan->to_stdout)
        rc = check_stdout(plan, inputs, settings);
    else
        rc = plan_outputs(plan, inputs, output);
    if (!rc && plan->has_stages)
        rc = plan_stages(plan, inputs, settings->stages);
    if (!rc)
        rc = check_collisions(plan, inputs);
    if (!rc)
        rc = check_overwrites(plan, inputs, settings);
    if (!rc)
        rc = prepare_places(plan, inputs, settings);
    if (!rc && settings->resume)
        find_finished(plan);
    return rc;
}

void cli_plan_free(struct cli_plan *plan) {
    for (size_t i = 0; plan->paths && i < plan->num_inputs * plan->num_paths; i++)
        free(plan->paths[i]);
    free(plan->paths);
    free(plan->skip);
    *plan = (struct cli_plan){0};
}

const diarist_format *cli_format_of_path(const char *path) {
    const diarist_format *format, *found = NULL;
    size_t n = strlen(path), longest = 0;
    for (size_t i = 0; (format = diarist_document_format(i)); i++) {
        size_t e = strlen(format->extension);
        if (format->can_write && e > longest && n > e && !strcmp(path + n - e, format->extension)) {
            found = format;
            longest = e;
        }
    }
    return found;
}
