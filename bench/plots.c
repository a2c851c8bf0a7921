/* plots.c - a report as pictures.
 * SPDX-License-Identifier: MIT
 *
 * Lengths are units of the view box, which is as wide as WIDTH. */
#include "plots.h"

#include "figures.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 760, MOST_LINES = 40, LINE = 22, NUM_COLOURS = 6, NUM_SHAPES = 6, MOST_ERROR = 5 };

void bench_html_text(struct bench_text *page, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '<':
            bench_text_add(page, "&lt;");
            break;
        case '>':
            bench_text_add(page, "&gt;");
            break;
        case '&':
            bench_text_add(page, "&amp;");
            break;
        case '"':
            bench_text_add(page, "&quot;");
            break;
        case '\'':
            bench_text_add(page, "&#39;");
            break;
        default:
            bench_text_bytes(page, (unsigned char)*text < ' ' || *text == 0x7f ? " " : text, 1);
        }
    }
}

/* ---- what all pictures have --------------------------------------------------------------- */

static void begin(struct bench_text *page, const char *id, int height, const char *title,
                  const char *words) {
    bench_text_add(page,
                   "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title "
                   "%s-words\" xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"%s-title\">"
                   "%s</title>\n<desc id=\"%s-words\">%s</desc>\n",
                   WIDTH, height, id, id, id, title, id, words);
}

static void end(struct bench_text *page, const char *title, const char *words) {
    bench_text_add(page, "</svg><figcaption><strong>%s.</strong> %s</figcaption></figure>\n", title,
                   words);
}

static void line(struct bench_text *page, double x1, double y1, double x2, double y2) {
    bench_text_add(page, "<path class=\"grid\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x1, y1, x2, y2);
}

/* anchor: start, middle or end. */
static void label(struct bench_text *page, double x, double y, const char *anchor,
                  const char *text) {
    bench_text_add(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    bench_html_text(page, text);
    bench_text_add(page, "</text>\n");
}

/* The first characters of a long name. Returns shorter. */
static const char *shorten(char shorter[128], const char *text, size_t most) {
    size_t n = 0, bytes = 0;
    while (text[bytes] && bytes < 120 && n < most) {
        bytes++;
        while (((unsigned char)text[bytes] & 0xc0) == 0x80 && bytes < 124)
            bytes++;
        n++;
    }
    memcpy(shorter, text, bytes);
    memcpy(shorter + bytes, text[bytes] ? "\xe2\x80\xa6" : "\0\0\0", 4);
    return shorter;
}

/* The mark of a system; hovering over it shows `text`. */
static void mark(struct bench_text *page, size_t system, double x, double y, const char *name,
                 const char *text) {
    static const char *const shapes[NUM_SHAPES] = {"M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
                                                   "M-4.5 -4.5h9v9h-9z",
                                                   "M0 -5.5L5.5 4.5H-5.5z",
                                                   "M0 -6L6 0L0 6L-6 0z",
                                                   "M0 5.5L5.5 -4.5H-5.5z",
                                                   "M-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4z"};
    size_t shape = (system + system / NUM_COLOURS) % NUM_SHAPES;
    bench_text_add(page, "<path class=\"mark s%zu\" transform=\"translate(%.1f %.1f)\" d=\"%s\">",
                   system % NUM_COLOURS, x, y, shapes[shape]);
    bench_text_add(page, "<title>");
    bench_html_text(page, name);
    bench_text_add(page, "%s</title></path>\n", text);
}

/* Which mark is whose, in lines from the top on. Returns where they end; page NULL: that alone. */
static double legend(struct bench_text *page, json_t *ids) {
    double x = 10, y = 14;
    json_t *index;
    const char *id;
    json_object_foreach(ids, id, index) {
        char name[128];
        double width = 30 + 7.5 * (double)strlen(shorten(name, id, 40));
        if (x > 10 && x + width > WIDTH) {
            x = 10;
            y += 20;
        }
        if (page) {
            mark(page, (size_t)json_integer_value(index), x + 5, y, id, "");
            label(page, x + 16, y + 4, "start", name);
        }
        x += width;
    }
    return y + 20;
}

/* 1, 2 or 5 times a power of ten, so that at most 8 steps reach the value. */
static double step_for(double value) {
    double step = pow(10, floor(log10(value / 8)));
    for (int i = 0; i < 3; i++)
        for (int factor = 1; factor <= 5; factor += factor == 1 ? 1 : 3)
            if (value <= 8 * factor * step * pow(10, i))
                return factor * step * pow(10, i);
    return value;
}

/* ---- DER by file -------------------------------------------------------------------------- */

static double percent_of(const struct bench_results *results, size_t system, size_t file) {
    return 100 * bench_file_der(results, system, file, BENCH_COLLAR);
}

static double largest_der(const struct bench_results *results) {
    double most = 5;
    for (size_t s = 0; s < results->num_systems; s++)
        for (size_t f = 0; f < results->num_files; f++)
            most = fmax(most, percent_of(results, s, f));
    return most;
}

static void dots(struct bench_text *page, const struct bench_results *results, double step,
                 double most, double top) {
    const double left = 220, right = WIDTH - 20;
    double bottom = top + LINE * (double)results->num_files, scale = (right - left) / most;
    json_t *index;
    const char *id;
    for (double tick = 0; tick <= most + step / 2; tick += step) {
        char text[32];
        line(page, left + tick * scale, top, left + tick * scale, bottom);
        snprintf(text, sizeof text, "%g", tick);
        label(page, left + tick * scale, bottom + 16, "middle", text);
    }
    label(page, right, bottom + 34, "end", "DER in %");
    json_object_foreach(results->files, id, index) {
        char name[128], text[64];
        size_t f = (size_t)json_integer_value(index);
        double y = top + LINE * ((double)f + 0.5);
        label(page, left - 12, y + 4, "end", shorten(name, id, 28));
        line(page, left, y, right, y);
        for (size_t s = 0; s < results->num_systems; s++) {
            double der = percent_of(results, s, f);
            snprintf(text, sizeof text, ": DER %.2f %%", der);
            if (isfinite(der))
                mark(page, s, left + der * scale, y, id, text);
        }
    }
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One system's files in order of their DER: share of files against DER. */
static void curve(struct bench_text *page, const struct bench_results *results, size_t system,
                  double *values, const double frame[4], double most) {
    size_t num = 0;
    for (size_t f = 0; f < results->num_files; f++) {
        double der = percent_of(results, system, f);
        if (isfinite(der))
            values[num++] = der;
    }
    if (!num)
        return;
    qsort(values, num, sizeof *values, compare);
    bench_text_add(page, "<path class=\"curve s%zu\" d=\"", system % NUM_COLOURS);
    for (size_t i = 0; i < num; i++) {
        double share = num > 1 ? (double)i / (double)(num - 1) : 0.5;
        bench_text_add(page, "%c%.1f %.1f", i ? 'L' : 'M', frame[0] + share * (frame[2] - frame[0]),
                       frame[3] - values[i] / most * (frame[3] - frame[1]));
    }
    bench_text_add(page, "\"/>\n");
    for (int tenth = 1; tenth < 10; tenth += 2) {
        char text[64];
        double value = values[(size_t)(tenth * (double)(num - 1) / 10)];
        snprintf(text, sizeof text, "%d %% of files: DER at most %.2f %%", 10 * tenth, value);
        mark(page, system, frame[0] + tenth / 10.0 * (frame[2] - frame[0]),
             frame[3] - value / most * (frame[3] - frame[1]), "", text);
    }
}

static void curves(struct bench_text *page, const struct bench_results *results, double step,
                   double most, double top) {
    const double frame[4] = {60, top, WIDTH - 20, top + 300};
    double *values = malloc((results->num_files + 1) * sizeof *values);
    char text[32];
    if (!values) {
        page->failed = true;
        return;
    }
    for (double tick = 0; tick <= most + step / 2; tick += step) {
        double y = frame[3] - tick / most * (frame[3] - frame[1]);
        line(page, frame[0], y, frame[2], y);
        snprintf(text, sizeof text, "%g", tick);
        label(page, frame[0] - 8, y + 4, "end", text);
    }
    for (int tenth = 0; tenth <= 10; tenth += 2) {
        snprintf(text, sizeof text, "%d", 10 * tenth);
        label(page, frame[0] + tenth / 10.0 * (frame[2] - frame[0]), frame[3] + 18, "middle", text);
    }
    label(page, frame[2], frame[3] + 36, "end", "share of the files in %");
    label(page, 10, frame[1] - 10, "start", "DER in %");
    for (size_t s = 0; s < results->num_systems; s++)
        curve(page, results, s, values, frame, most);
    free(values);
}

void bench_plot_files(struct bench_text *page, const struct bench_results *results) {
    bool few = results->num_files <= MOST_LINES;
    const char *title = "DER by file";
    const char *words =
        few ? "Each line is a recording, each mark a system's DER on it, pooled over runs; further "
              "left is better. The figures are in the table of files."
            : "Each curve is a system: its recordings in order of their DER, the best first; lower "
              "is better. The figures are in the table of files.";
    double most = largest_der(results), step = step_for(most);
    most = step * ceil(most / step - 1e-9);
    double plot = few ? LINE * (double)results->num_files + 45 : 370;
    double top = legend(NULL, results->systems);
    begin(page, "files", (int)(top + plot), title, words);
    legend(page, results->systems);
    if (few)
        dots(page, results, step, most, top);
    else
        curves(page, results, step, most, top + 20);
    end(page, title, words);
}

/* ---- speed against DER -------------------------------------------------------------------- */

static double metric_of(const json_t *report, const char *id, const char *key) {
    const json_t *metrics = json_object_get(json_object_get(report, "metrics_summary"), id);
    const json_t *value = json_object_get(metrics, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Powers of ten around all real-time factors. */
static void rtf_range(double *least, double *most, const json_t *report, json_t *ids) {
    const char *id;
    json_t *index;
    *least = 0.1;
    *most = 1;
    json_object_foreach(ids, id, index) {
        double rtf = metric_of(report, id, "rtf");
        if (isfinite(rtf) && rtf > 0) {
            *least = fmin(*least, pow(10, floor(log10(rtf))));
            *most = fmax(*most, pow(10, ceil(log10(rtf))));
        }
    }
}

static void speed_axes(struct bench_text *page, const double frame[4], double least, double most,
                       double step, double der) {
    char text[32];
    for (double tick = 0; tick <= der + step / 2; tick += step) {
        double y = frame[3] - tick / der * (frame[3] - frame[1]);
        line(page, frame[0], y, frame[2], y);
        snprintf(text, sizeof text, "%g", tick);
        label(page, frame[0] - 8, y + 4, "end", text);
    }
    for (double rtf = least; rtf <= most * 1.01; rtf *= 10) {
        double x = frame[0] + log10(rtf / least) / log10(most / least) * (frame[2] - frame[0]);
        line(page, x, frame[1], x, frame[3]);
        snprintf(text, sizeof text, "%g", rtf);
        label(page, x, frame[3] + 18, "middle", text);
    }
    label(page, frame[2], frame[3] + 36, "end", "RTF: wall time / duration of the audio");
    label(page, 10, frame[1] - 10, "start", "DER in %");
}

void bench_plot_speed(struct bench_text *page, const json_t *report,
                      const struct bench_results *results) {
    const char *title = "Speed against DER";
    const char *words = "Each mark is a system, pooled over its rows that are ok; further down and "
                        "to the left is better. The figures are in the table of systems.";
    double least, most, der = 5, top = legend(NULL, results->systems) + 20;
    const double frame[4] = {60, top, WIDTH - 30, top + 260};
    json_t *index;
    const char *id;
    rtf_range(&least, &most, report, results->systems);
    json_object_foreach(results->systems, id, index) {
        der = fmax(der, 100 * metric_of(report, id, "der"));
    }
    double step = step_for(der);
    der = step * ceil(der / step - 1e-9);
    begin(page, "speed", (int)frame[3] + 45, title, words);
    legend(page, results->systems);
    speed_axes(page, frame, least, most, step, der);
    json_object_foreach(results->systems, id, index) {
        double rtf = metric_of(report, id, "rtf"), y = 100 * metric_of(report, id, "der");
        char text[96];
        snprintf(text, sizeof text, ": RTF %.4f, DER %.2f %%", rtf, y);
        if (isfinite(rtf) && rtf > 0 && isfinite(y))
            mark(page, (size_t)json_integer_value(index),
                 frame[0] + log10(rtf / least) / log10(most / least) * (frame[2] - frame[0]),
                 frame[3] - y / der * (frame[3] - frame[1]), id, text);
    }
    end(page, title, words);
}

/* ---- number of speakers ------------------------------------------------------------------- */

/* Rows by error, the outermost with all beyond. Returns how many there are. */
static double gather(double rows[2 * MOST_ERROR + 1], const json_t *counts) {
    double sum = 0;
    size_t i;
    json_t *one;
    memset(rows, 0, (2 * MOST_ERROR + 1) * sizeof *rows);
    json_array_foreach(json_object_get(counts, "errors"), i, one) {
        double error = json_number_value(json_object_get(one, "error"));
        double num = json_number_value(json_object_get(one, "rows"));
        rows[(int)fmax(-MOST_ERROR, fmin(MOST_ERROR, error)) + MOST_ERROR] += num;
        sum += num;
    }
    return sum;
}

static void bars(struct bench_text *page, size_t system, const char *id, const json_t *counts,
                 double top) {
    const double left = 200, column = (WIDTH - 220) / (2.0 * MOST_ERROR + 1), height = 50;
    double rows[2 * MOST_ERROR + 1], num = gather(rows, counts), base = top + 66;
    char text[128];
    label(page, left - 12, base - 10, "end", shorten(text, id, 26));
    line(page, left, base, WIDTH - 20, base);
    for (int e = 0; e <= 2 * MOST_ERROR; e++) {
        double share = num > 0 ? rows[e] / num : 0, x = left + column * e;
        if (!(share > 0))
            continue;
        bench_text_add(page, "<path class=\"mark s%zu\" d=\"M%.1f %.1fh%.1fv%.1fh-%.1fz\"><title>",
                       system % NUM_COLOURS, x + 4, base - height * share, column - 8,
                       height * share, column - 8);
        bench_html_text(page, id);
        bench_text_add(page, ": error %+d in %.0f of %.0f rows</title></path>\n", e - MOST_ERROR,
                       rows[e], num);
        snprintf(text, sizeof text, "%.0f %%", 100 * share);
        label(page, x + column / 2, base - height * share - 4, "middle", text);
    }
}

void bench_plot_counts(struct bench_text *page, const json_t *report,
                       const struct bench_results *results) {
    const char *title = "Error of the number of speakers";
    const char *words = "Share of each system's rows by how many speakers it found too many (right "
                        "of 0) or too few (left); a tall bar at 0 is better. The outermost bars "
                        "hold all beyond.";
    const json_t *table = json_object_get(report, "speaker_count_table");
    double bottom = 10 + 70 * (double)results->num_systems;
    const double left = 200, column = (WIDTH - 220) / (2.0 * MOST_ERROR + 1);
    json_t *index;
    const char *id;
    begin(page, "counts", (int)bottom + 30, title, words);
    json_object_foreach(results->systems, id, index) {
        size_t system = (size_t)json_integer_value(index);
        bars(page, system, id, json_object_get(table, id), 10 + 70 * (double)system);
    }
    for (int e = -MOST_ERROR; e <= MOST_ERROR; e++) {
        char text[32];
        snprintf(text, sizeof text, "%s%d",
                 e == -MOST_ERROR  ? "\xe2\x89\xa4 "
                 : e == MOST_ERROR ? "\xe2\x89\xa5 +"
                 : e > 0           ? "+"
                                   : "",
                 e);
        label(page, left + column * (e + MOST_ERROR + 0.5), bottom + 18, "middle", text);
    }
    end(page, title, words);
}
