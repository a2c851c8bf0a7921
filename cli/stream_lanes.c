/* stream_lanes.c - a live stream on a terminal: the last minute of each speaker, redrawn in place.
 * SPDX-License-Identifier: MIT
 *
 * events -> turns of the last minute, a row for each speaker -> lanes, at most ten times a second
 *
 * Memory is bounded: of more speakers than rows those are forgotten that were silent for longest,
 * of more turns than places the oldest. */
#define _DEFAULT_SOURCE
#include "report.h"
#include "stream_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TURNS = 1024, ROWS = 64, MOST_COLUMNS = 240, NAME = 14, LABEL = NAME + 12, NUM_COLORS = 6 };
#define LANE_S 60.0
#define REDRAW_S 0.1

struct turn {
    uint64_t number; /* 0: none */
    int32_t speaker;
    bool final;
    double start, end;
};

struct row {
    bool used;
    int32_t speaker;
    double final_s;  /* talk that is final */
    double last_end; /* when the speaker was last heard */
};

struct cli_lanes {
    struct turn turns[TURNS]; /* turn n at n % TURNS */
    struct row rows[ROWS];
    const diarist_profiles *known;
    double heard_s, drawn_s; /* drawn_s by cli_now */
    int num_lines;           /* that stand on the terminal */
    bool color, blocks;      /* blocks: the terminal shows UTF-8 */
};

static bool is_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8");
    }
    return false;
}

struct cli_lanes *cli_lanes_new(const diarist_profiles *known) {
    struct cli_lanes *lanes = calloc(1, sizeof *lanes);
    const char *no_color = getenv("NO_COLOR");
    if (!lanes)
        return NULL;
    lanes->known = known;
    lanes->color = !no_color || !*no_color;
    lanes->blocks = is_utf8();
    return lanes;
}

void cli_lanes_free(struct cli_lanes *lanes) {
    free(lanes);
}

/* ---- what there is ---- */

static struct row *find_row(struct cli_lanes *lanes, int32_t speaker) {
    for (struct row *row = lanes->rows; row < lanes->rows + ROWS; row++)
        if (row->used && row->speaker == speaker)
            return row;
    return NULL;
}

/* The speaker's row, in place of the one that is missed least if need be. */
static struct row *make_row(struct cli_lanes *lanes, int32_t speaker) {
    struct row *row = find_row(lanes, speaker), *least = lanes->rows;
    if (row)
        return row;
    for (row = lanes->rows; row < lanes->rows + ROWS && least->used; row++)
        if (!row->used || row->last_end < least->last_end)
            least = row;
    *least = (struct row){.used = true, .speaker = speaker};
    return least;
}

static void merge(struct cli_lanes *lanes, int32_t speaker, int32_t into) {
    struct row *from = find_row(lanes, speaker);
    for (struct turn *turn = lanes->turns; turn < lanes->turns + TURNS; turn++)
        if (turn->number && turn->speaker == speaker)
            turn->speaker = into;
    if (!from)
        return;
    struct row gone = *from;
    from->used = false;
    struct row *to = make_row(lanes, into);
    to->final_s += gone.final_s;
    to->last_end = fmax(to->last_end, gone.last_end);
}

void cli_lanes_event(struct cli_lanes *lanes, const diarist_event *event) {
    struct turn *turn = &lanes->turns[event->turn % TURNS];
    if (event->type == DIARIST_SPEAKER_MERGED) {
        merge(lanes, event->speaker, event->into);
        return;
    }
    if (event->type == DIARIST_TURN_DROPPED) {
        if (turn->number == event->turn)
            turn->number = 0;
        return;
    }
    *turn = (struct turn){event->turn, event->speaker, event->type == DIARIST_TURN_FINAL,
                          event->start, event->end};
    struct row *row = make_row(lanes, event->speaker);
    row->last_end = fmax(row->last_end, event->end);
    if (turn->final)
        row->final_s += event->end - event->start;
}

/* ---- drawing ---- */

enum cell { SILENT, TENTATIVE, FINAL };

/* cells[num], each of cell_s seconds from start on: what most of it is. */
static void fill_cells(enum cell *cells, int num, double start, double cell_s,
                       const struct cli_lanes *lanes, int32_t speaker) {
    memset(cells, 0, (size_t)num * sizeof *cells);
    for (const struct turn *turn = lanes->turns; turn < lanes->turns + TURNS; turn++) {
        if (!turn->number || turn->speaker != speaker || turn->end <= start)
            continue;
        for (int i = 0; i < num; i++) {
            double from = start + i * cell_s;
            double covered = fmin(turn->end, from + cell_s) - fmax(turn->start, from);
            enum cell state = turn->final ? FINAL : TENTATIVE;
            if (covered > cell_s / 4 && state > cells[i])
                cells[i] = state;
        }
    }
}

static void terminal_size(int *lines, int *columns) {
    struct winsize size;
    *lines = 24;
    *columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
        return;
    if (size.ws_row > 0)
        *lines = size.ws_row;
    if (size.ws_col > 0)
        *columns = size.ws_col < MOST_COLUMNS ? size.ws_col : MOST_COLUMNS;
}

/* As much of the name as goes into NAME columns, and spaces. A character is taken to be a column.
 */
static void put_name(const struct cli_lanes *lanes, int32_t speaker) {
    char name[COMMON_SPEAKER_NAME];
    const char *c = common_speaker_name(name, lanes->known, speaker);
    int columns = 0;
    for (; *c; c++) {
        bool begins = ((unsigned char)*c & 0xc0) != 0x80;
        if (begins && columns == NAME)
            break;
        columns += begins;
        putchar(*c);
    }
    printf("%*s", NAME - columns, "");
}

static void draw_lane(const struct cli_lanes *lanes, const struct row *row, int columns) {
    static const char *const plain[] = {" ", "-", "#"}, *const blocks[] = {" ", "░", "█"};
    const char *const *shapes = lanes->blocks ? blocks : plain;
    enum cell cells[MOST_COLUMNS];
    char clock[32];
    int num = columns - LABEL;
    put_name(lanes, row->speaker);
    printf(" %8s |", cli_clock(clock, row->final_s));
    if (num > 0) {
        double cell_s = LANE_S / num;
        double end = ceil(fmax(lanes->heard_s, LANE_S) / cell_s) * cell_s;
        fill_cells(cells, num, end - LANE_S, cell_s, lanes, row->speaker);
        if (lanes->color)
            printf("\033[3%dm", 1 + row->speaker % NUM_COLORS);
        for (int i = 0; i < num; i++)
            fputs(shapes[cells[i]], stdout);
        if (lanes->color)
            fputs("\033[0m", stdout);
    }
    fputs("|\033[K\n", stdout);
}

static int by_speaker(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    return (x->speaker > y->speaker) - (x->speaker < y->speaker);
}

static int by_last_end(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    return (x->last_end < y->last_end) - (x->last_end > y->last_end);
}

/* The rows that there is room for, those last heard, in order of their numbers. */
static size_t choose_rows(struct row rows[ROWS], const struct cli_lanes *lanes, size_t room) {
    size_t num = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (lanes->rows[i].used)
            rows[num++] = lanes->rows[i];
    qsort(rows, num, sizeof *rows, by_last_end);
    num = num < room ? num : room;
    qsort(rows, num, sizeof *rows, by_speaker);
    return num;
}

static void draw(struct cli_lanes *lanes, const char *state) {
    struct row rows[ROWS];
    char clock[32];
    int lines, columns;
    terminal_size(&lines, &columns);
    size_t num = choose_rows(rows, lanes, lines > 2 ? (size_t)lines - 2 : 0);
    if (lanes->num_lines)
        printf("\033[%dA", lanes->num_lines);
    printf("\r%s  %.*s\033[K\n", cli_clock(clock, lanes->heard_s), columns > 12 ? columns - 12 : 0,
           state);
    for (size_t i = 0; i < num; i++)
        draw_lane(lanes, &rows[i], columns - 1);
    fputs("\033[J", stdout);
    lanes->num_lines = (int)num + 1;
    lanes->drawn_s = cli_now();
}

void cli_lanes_time(struct cli_lanes *lanes, double heard_s) {
    lanes->heard_s = heard_s;
    if (cli_now() - lanes->drawn_s >= REDRAW_S)
        draw(lanes, "listening; Ctrl-C ends");
}

void cli_lanes_end(struct cli_lanes *lanes, const struct common_stream_end *end) {
    char state[96];
    lanes->heard_s = end->duration_s;
    snprintf(state, sizeof state, "%zu speaker%s, %zu turn%s", end->num_speakers,
             end->num_speakers == 1 ? "" : "s", end->num_turns, end->num_turns == 1 ? "" : "s");
    draw(lanes, state);
}
