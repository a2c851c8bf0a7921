/* fuzz_report.c - any bytes as a report, as text that is published, as a history.
 * SPDX-License-Identifier: MIT
 *
 * The last byte chooses. */
#include "diarist/bench.h"

#include "bench/history.h"
#include "bench/sanitize.h"
#include "bench/secrets.h"

#include "fuzz.h"

#include <string.h>

static void check_pages(const char *text) {
    static const char *const formats[] = {"json", "markdown", "html"};
    const char *const twice[] = {text, text};
    for (int i = 0; i < 3; i++) {
        diarist_error err = {0};
        char *page;
        int status = diarist_bench_report_format(&page, text, formats[i], &err);
        FUZZ_CHECK(status == err.status && !status == (page != NULL));
        FUZZ_CHECK(!status || fuzz_is_line(err.message));
        free(page);
    }
    /* Of one job, at the latest. */
    char *comparison;
    diarist_error err = {0};
    FUZZ_CHECK(diarist_bench_compare(&comparison, twice, 2, "markdown", &err));
    FUZZ_CHECK(!comparison && fuzz_is_line(err.message));
}

struct found {
    size_t num, lines;
};

static void count(void *data, size_t line, const char *kind) {
    struct found *found = data;
    FUZZ_CHECK(line > 0 && kind && *kind);
    found->num++;
    found->lines += line;
}

/* A text looked through in two steps has the same secrets as at once, but for one that is told
 * again because its line began before. */
static void check_secrets(const char *text, size_t size) {
    struct found whole = {0}, parts = {0};
    size_t half = size / 2;
    size_t lines = bench_scan_text(text, size, 0, size, 1, count, &whole);
    bench_scan_text(text, size, 0, half, 1, count, &parts);
    FUZZ_CHECK(bench_scan_text(text, size, half, size, 1, count, &parts) == lines);
    FUZZ_CHECK(parts.num >= whole.num && parts.num <= whole.num + 1);
}

static void check_paths(const char *text) {
    char *clean = bench_sanitize_text(text, "/data/runs/job");
    FUZZ_CHECK(clean && strlen(clean) <= strlen(text));
    FUZZ_CHECK(!strstr(clean, " /data/runs/job/") && !strstr(clean, "\"/data/runs/job/"));
    free(clean);
}

/* Lines of other jobs stay as they are; adding a job again changes nothing. */
static void check_history(const char *text) {
    struct bench_text first = {0}, second = {0};
    json_t *report = json_pack("{s:s,s:[{s:s}]}", "job_id", "job", "systems", "system_id", "a");
    if (!bench_history_add(&first, text, report, "history.csv", NULL)) {
        FUZZ_CHECK(strlen(first.bytes) == first.size);
        FUZZ_CHECK(!bench_history_add(&second, first.bytes, report, "history.csv", NULL));
        FUZZ_CHECK(first.size == second.size && !memcmp(first.bytes, second.bytes, first.size));
    }
    bench_text_free(&first);
    bench_text_free(&second);
    json_decref(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size)
        return 0;
    char *text = calloc(size, 1);
    if (!text)
        return 0;
    memcpy(text, data, size - 1);
    switch (data[size - 1] % 4) {
    case 0:
        check_pages(text);
        break;
    case 1:
        check_secrets(text, size - 1);
        break;
    case 2:
        check_paths(text);
        break;
    default:
        check_history(text);
    }
    free(text);
    return 0;
}
