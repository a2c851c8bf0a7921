/* report_html.c - a report as one page that needs no other file and no script.
 * SPDX-License-Identifier: MIT
 *
 * The page is well-formed XML too. */
#include "report.h"

#include "common/fail.h"
#include "plots.h"
#include "tables.h"

#include <stdlib.h>

static const char style[] =
    ":root{color-scheme:light dark;--page:#fff;--text:#1b1b1f;--soft:#55565c;--line:#d5d6dc;"
    "--s0:#0072b2;--s1:#c44e00;--s2:#00805c;--s3:#9b4f96;--s4:#7a5c00;--s5:#444}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#17181c;--text:#ececf0;--soft:#a9abb5;"
    "--line:#3a3c45;--s0:#56b4e9;--s1:#ff8c42;--s2:#2cc295;--s3:#dda0dd;--s4:#e6c229;--s5:#ddd}}\n"
    "body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:72rem;margin:auto;padding:1.5rem}\n"
    "h1{font-size:1.6rem;line-height:1.2}\n"
    "p,figcaption,caption span{color:var(--soft);max-width:50rem}\n"
    "figure{margin:2rem 0}\n"
    "figcaption strong,caption{color:var(--text)}\n"
    "svg{width:100%;max-width:54rem;height:auto;font:12px system-ui,sans-serif;fill:var(--text)}\n"
    ".grid{stroke:var(--line);fill:none}\n"
    ".mark{stroke:var(--page);stroke-width:1}\n"
    ".curve{fill:none!important;stroke-width:2}\n"
    ".s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}"
    ".s4{fill:var(--s4)}.s5{fill:var(--s5)}\n"
    ".curve.s0{stroke:var(--s0)}.curve.s1{stroke:var(--s1)}.curve.s2{stroke:var(--s2)}"
    ".curve.s3{stroke:var(--s3)}.curve.s4{stroke:var(--s4)}.curve.s5{stroke:var(--s5)}\n"
    ".table{overflow-x:auto;margin:2rem 0}\n"
    "table{border-collapse:collapse;font-size:.875rem}\n"
    "caption{text-align:left;font-weight:600;font-size:1.1rem;padding-bottom:.5rem}\n"
    "caption span{display:block;font-weight:400;font-size:.875rem;max-width:min(50rem,88vw)}\n"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top}\n"
    "thead th{border-bottom:2px solid var(--soft);vertical-align:bottom}\n"
    "thead .n{white-space:normal}\n"
    "tbody th{font-weight:600;min-width:8rem}\n"
    "td{overflow-wrap:anywhere}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n";

static void put_cells(struct bench_text *page, const json_t *row, const json_t *columns) {
    size_t c;
    json_t *cell;
    json_array_foreach(row, c, cell) {
        const json_t *number = json_object_get(json_array_get(columns, c), "number");
        bench_text_add(page, c ? "<td%s>" : "<th scope=\"row\"%s>",
                       json_is_true(number) ? " class=\"n\"" : "");
        bench_html_text(page, json_string_value(cell));
        bench_text_add(page, c ? "</td>" : "</th>");
    }
}

static void put_table(struct bench_text *page, const json_t *table) {
    const json_t *columns = json_object_get(table, "columns");
    const char *caption = json_string_value(json_object_get(table, "caption"));
    const char *note = json_string_value(json_object_get(table, "note"));
    size_t i;
    json_t *one;
    /* Wide tables scroll by themselves, with the keyboard too. */
    bench_text_add(page, "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"");
    bench_html_text(page, caption);
    bench_text_add(page, "\"><table><caption>");
    bench_html_text(page, caption);
    if (note) {
        bench_text_add(page, "<span>");
        bench_html_text(page, note);
        bench_text_add(page, "</span>");
    }
    bench_text_add(page, "</caption>\n<thead><tr>");
    json_array_foreach(columns, i, one) {
        bench_text_add(page, "<th scope=\"col\"%s>",
                       json_is_true(json_object_get(one, "number")) ? " class=\"n\"" : "");
        bench_html_text(page, json_string_value(json_object_get(one, "name")));
        bench_text_add(page, "</th>");
    }
    bench_text_add(page, "</tr></thead>\n<tbody>\n");
    json_array_foreach(json_object_get(table, "rows"), i, one) {
        bench_text_add(page, "<tr>");
        put_cells(page, one, columns);
        bench_text_add(page, "</tr>\n");
    }
    bench_text_add(page, "</tbody></table></div>\n");
}

static void put_plots(struct bench_text *page, const json_t *report,
                      const struct bench_results *results) {
    if (!results->num_systems || !results->num_files)
        return;
    bench_plot_speed(page, report, results);
    bench_plot_files(page, results);
    bench_plot_counts(page, report, results);
}

static void put_page(struct bench_text *page, const char *title, const json_t *report,
                     const struct bench_results *results, const json_t *tables) {
    size_t i;
    json_t *table;
    bench_text_add(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
                         "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>");
    bench_html_text(page, title);
    bench_text_add(page, "</title>\n<style>%s</style></head>\n<body><main>\n<h1>", style);
    bench_html_text(page, title);
    bench_text_add(page, "</h1>\n");
    json_array_foreach(tables, i, table) {
        put_table(page, table);
        if (i == 0)
            put_plots(page, report, results);
    }
    bench_text_add(page, "</main></body></html>\n");
}

int bench_report_html(char **text, const json_t *report, diarist_error *err) {
    struct bench_results *results;
    struct bench_text page = {0};
    *text = NULL;
    int status = bench_report_results(&results, report, err);
    if (status)
        return status;
    char *title = bench_report_title(report, results);
    json_t *tables = title ? bench_report_tables(report, results) : NULL;
    if (tables) {
        put_page(&page, title, report, results, tables);
        *text = bench_text_take(&page);
    }
    json_decref(tables);
    free(title);
    bench_results_free(results);
    return *text ? DIARIST_OK : common_fail_memory(err);
}
