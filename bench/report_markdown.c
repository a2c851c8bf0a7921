/* report_markdown.c - a report as a page of Markdown.
 * SPDX-License-Identifier: MIT */
#include "report.h"

#include "common/fail.h"
#include "markdown.h"
#include "tables.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(char c) {
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

void bench_markdown_text(struct bench_text *page, const char *text) {
    for (const char *c = text; *c; c++) {
        bool inside = c > text && is_word(c[-1]) && is_word(c[1]);
        if (*c == '<')
            bench_text_add(page, "&lt;");
        else if (*c == '>')
            bench_text_add(page, "&gt;");
        else if (*c == '&')
            bench_text_add(page, "&amp;");
        else if ((unsigned char)*c < ' ' || *c == 0x7f)
            bench_text_add(page, " ");
        else if (strchr("\\`*[]|~$#!", *c) || (*c == '_' && !inside))
            bench_text_add(page, "\\%c", *c);
        else
            bench_text_bytes(page, c, 1);
    }
}

static char *escaped(const json_t *cell) {
    struct bench_text text = {0};
    const char *value = json_string_value(cell);
    bench_markdown_text(&text, value ? value : "");
    return bench_text_take(&text);
}

/* Code points, near enough to the columns of a terminal. */
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* A cell with blanks up to width; text is taken over. */
static void put_cell(struct bench_text *page, char *text, size_t width, bool number) {
    size_t used = text ? width_of(text) : 0;
    int blanks = width > used ? (int)(width - used) : 0;
    bench_text_add(page, " %*s%s%*s |", number ? blanks : 0, "", text ? text : "",
                   number ? 0 : blanks, "");
    free(text);
}

static size_t column_width(const json_t *table, size_t column) {
    const json_t *head = json_array_get(json_object_get(table, "columns"), column);
    char *text = escaped(json_object_get(head, "name"));
    size_t width = text ? width_of(text) : 0, i;
    json_t *row;
    free(text);
    json_array_foreach(json_object_get(table, "rows"), i, row) {
        text = escaped(json_array_get(row, column));
        if (text && width_of(text) > width)
            width = width_of(text);
        free(text);
    }
    return width < 3 ? 3 : width > 40 ? 40 : width;
}

static bool is_number(const json_t *columns, size_t column) {
    return json_is_true(json_object_get(json_array_get(columns, column), "number"));
}

static void put_table(struct bench_text *page, const json_t *table) {
    const json_t *columns = json_object_get(table, "columns");
    size_t num = json_array_size(columns), i;
    size_t *widths = calloc(num + 1, sizeof *widths);
    json_t *row;
    if (!widths) {
        page->failed = true;
        return;
    }
    bench_text_add(page, "|");
    for (size_t c = 0; c < num; c++) {
        widths[c] = column_width(table, c);
        put_cell(page, escaped(json_object_get(json_array_get(columns, c), "name")), widths[c],
                 is_number(columns, c));
    }
    bench_text_add(page, "\n|");
    for (size_t c = 0; c < num; c++) {
        bench_text_add(page, is_number(columns, c) ? " " : " :");
        for (size_t d = 1; d < widths[c]; d++)
            bench_text_add(page, "-");
        bench_text_add(page, is_number(columns, c) ? ": |" : " |");
    }
    json_array_foreach(json_object_get(table, "rows"), i, row) {
        bench_text_add(page, "\n|");
        for (size_t c = 0; c < num; c++)
            put_cell(page, escaped(json_array_get(row, c)), widths[c], is_number(columns, c));
    }
    bench_text_add(page, "\n");
    free(widths);
}

void bench_markdown_tables(struct bench_text *page, const json_t *tables) {
    size_t i;
    json_t *table;
    json_array_foreach(tables, i, table) {
        const char *note = json_string_value(json_object_get(table, "note"));
        bench_text_add(page, "\n## ");
        bench_markdown_text(page, json_string_value(json_object_get(table, "caption")));
        bench_text_add(page, "\n\n");
        if (note) {
            bench_markdown_text(page, note);
            bench_text_add(page, "\n\n");
        }
        put_table(page, table);
    }
}

int bench_report_markdown(char **text, const json_t *report, diarist_error *err) {
    struct bench_results *results;
    struct bench_text page = {0};
    *text = NULL;
    int status = bench_report_results(&results, report, err);
    if (status)
        return status;
    char *title = bench_report_title(report, results);
    json_t *tables = title ? bench_report_tables(report, results) : NULL;
    if (tables) {
        bench_text_add(&page, "# ");
        bench_markdown_text(&page, title);
        bench_text_add(&page, "\n");
        bench_markdown_tables(&page, tables);
        *text = bench_text_take(&page);
    }
    json_decref(tables);
    free(title);
    bench_results_free(results);
    return *text ? DIARIST_OK : common_fail_memory(err);
}
