/* test_process.c - child processes: how they end, what they leave, what they took.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "bench/process.h"
#include "bench/threads.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* A duration that no other process sleeps for. */
#define MARK "4217.3519"

static struct bench_ended ended;
static char log_text[70000];
static size_t output_size;
static char output_text[4096];

static void run_with(const struct bench_command *command, double limit_s,
                     const struct bench_stop *stop) {
    struct bench_process *process;
    diarist_error err;
    size_t size;
    assert_int_equal(bench_process_start(&process, command, &err), 0);
    bench_process_wait(&ended, process, limit_s, stop);
    char *log = bench_log_text(bench_process_log(process), &size);
    assert_non_null(log);
    snprintf(log_text, sizeof log_text, "%s", log);
    output_size = bench_process_output(process)->size;
    snprintf(output_text, sizeof output_text, "%s",
             output_size ? bench_process_output(process)->bytes : "");
    free(log);
    bench_process_free(process);
}

static void run_shell(const char *script, double limit_s) {
    char text[512];
    snprintf(text, sizeof text, "%s", script);
    char *argv[] = {"sh", "-c", text, NULL};
    const struct bench_command command = {.argv = argv, .kept = true};
    run_with(&command, limit_s, NULL);
}

/* Processes that sleep for MARK. */
static int num_marked(void) {
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int num = 0;
    while (proc && (entry = readdir(proc))) {
        char path[300], line[256] = "";
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        FILE *file = strspn(entry->d_name, "0123456789") ? fopen(path, "re") : NULL;
        if (!file)
            continue;
        size_t size = fread(line, 1, sizeof line - 1, file);
        num += memmem(line, size, MARK, strlen(MARK)) && !memmem(line, size, "sh", 2);
        fclose(file);
    }
    closedir(proc);
    return num;
}

static void assert_end(enum bench_end how, int code) {
    assert_int_equal(ended.how, how);
    assert_int_equal(ended.code, code);
}

static void test_exit(void **state) {
    (void)state;
    char why[240];
    run_shell("echo said; echo wrong >&2; exit 3", 20);
    assert_end(BENCH_END_EXIT, 3);
    assert_string_equal(output_text, "said\n");
    assert_string_equal(log_text, "wrong\n");
    static struct bench_log log; /* 64 KiB */
    bench_log_add(&log, "first\nthe last\n\n", 16);
    bench_ended_describe(why, &ended, 20, &log);
    assert_string_equal(why, "exit code 3: the last");
    run_shell("kill -SEGV $$", 20);
    assert_end(BENCH_END_SIGNAL, SIGSEGV);
    bench_ended_describe(why, &ended, 20, NULL);
    assert_string_equal(why, "ended by SIGSEGV");
}

static void test_missing(void **state) {
    (void)state;
    char *argv[] = {"no-such-program-anywhere", NULL}, why[240];
    run_with(&(struct bench_command){.argv = argv}, 20, NULL);
    assert_int_equal(ended.how, BENCH_END_NONE);
    bench_ended_describe(why, &ended, 20, NULL);
    assert_string_equal(why, "cannot be started: No such file or directory");
}

/* One that ignores signals, and its child, end with the time. */
static void test_hang(void **state) {
    (void)state;
    run_shell("trap '' TERM INT HUP; sleep " MARK " & sleep " MARK, 0.5);
    assert_int_equal(ended.how, BENCH_END_TIME);
    assert_true(ended.wall_s >= 0.4 && ended.wall_s < 20);
    assert_int_equal(num_marked(), 0);
}

/* Those that left its group and session, and whose parents are gone, end with it. */
static void test_left_behind(void **state) {
    (void)state;
    run_shell("for i in 1 2 3 4 5 6 7 8 9 10; do (setsid sleep " MARK " &) ; "
              "setsid sh -c '(sleep " MARK " &)' & done; exit 0",
              60);
    assert_end(BENCH_END_EXIT, 0);
    assert_int_equal(num_marked(), 0);
}

/* One that stops, or kills, the process that watches over it hangs nobody and leaves nothing. */
static void test_tampered(void **state) {
    static const char *const scripts[] = {
        "kill -STOP $PPID; sleep " MARK,
        "kill -STOP $PPID; exit 0",
        "while :; do kill -STOP $PPID; done",
        "(setsid sleep " MARK " &); kill -STOP $PPID; sleep " MARK,
        "kill -KILL $PPID; sleep " MARK,
    };
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        char why[240];
        double before_s = (double)time(NULL);
        run_shell(scripts[i], 60);
        assert_int_equal(ended.how, BENCH_END_TAMPERED);
        assert_true((double)time(NULL) - before_s < 30);
        assert_int_equal(num_marked(), 0);
        bench_ended_describe(why, &ended, 60, NULL);
        assert_string_equal(why,
                            "stopped or killed the process that watches over it, and was killed");
    }
}

static void test_output(void **state) {
    (void)state;
    run_shell("head -c 3000000 /dev/zero | tr '\\0' a >&2; echo end >&2", 60);
    assert_end(BENCH_END_EXIT, 0);
    assert_true(strlen(log_text) > 2 * BENCH_LOG_HALF && strlen(log_text) < 66000);
    assert_non_null(strstr(log_text, "bytes are left out here]"));
    assert_non_null(strstr(log_text, "aend\n"));
    run_shell("exec yes", 120);
    assert_int_equal(ended.how, BENCH_END_OUTPUT);
    assert_true(output_size > BENCH_OUTPUT_LIMIT && output_size < BENCH_OUTPUT_LIMIT + 65536);
}

static bool at_once(void *data) {
    ++*(int *)data;
    return true;
}

static void test_stop(void **state) {
    (void)state;
    int asked = 0;
    char *argv[] = {"sleep", MARK, NULL};
    run_with(&(struct bench_command){.argv = argv}, 60,
             &(struct bench_stop){.wanted = at_once, .data = &asked});
    assert_int_equal(ended.how, BENCH_END_CANCELED);
    assert_int_equal(asked, 1);
    assert_int_equal(num_marked(), 0);
}

/* Against programs whose use is known: a loop of a second's CPU time, a tail that holds 64 MiB. */
static void test_used(void **state) {
    (void)state;
    run_shell("ulimit -t 1; (while :; do :; done)", 120);
    assert_true(ended.cpu_s > 0.7 && ended.cpu_s < 3);
    assert_true(ended.wall_s > 0.7);
    run_shell("head -c 67108864 /dev/zero | tail -c 67108864 > /dev/null", 60);
    assert_true(ended.peak_rss_mb > 64 && ended.peak_rss_mb < 300);
}

static void test_bounds(void **state) {
    (void)state;
    cpu_set_t set;
    int chosen[1];
    bench_threads_choose(&set, chosen, 1);
    char **environment = bench_environment_new(7, NULL);
    char *argv[] = {"sh", "-c",
                    "nproc --ignore=0; echo $OMP_NUM_THREADS $RAYON_NUM_THREADS $LANG x$SECRET; "
                    "cat",
                    NULL};
    setenv("SECRET", "known", 1);
    unsetenv("OMP_NUM_THREADS");
    assert_non_null(environment);
    run_with(
        &(struct bench_command){
            .argv = argv, .environment = environment, .processors = &set, .kept = true},
        20, NULL);
    /* nproc heeds OMP_NUM_THREADS up to the processors that there are. */
    assert_non_null(strstr(output_text, "\n7 7 C.UTF-8 x\n"));
    char *affinity[] = {"grep", "Cpus_allowed_list", "/proc/self/status", NULL};
    run_with(&(struct bench_command){.argv = affinity, .processors = &set, .kept = true}, 20, NULL);
    assert_int_equal(atol(strrchr(output_text, '\t') + 1), chosen[0]);
    assert_null(strpbrk(strrchr(output_text, '\t'), ",-"));
    bench_environment_free(environment);
}

static void test_ask(void **state) {
    (void)state;
    struct bench_process *process;
    diarist_error err;
    char *argv[] = {"cat", NULL}, *answer;
    struct bench_command command = {.argv = argv, .asked = true, .kept = true};
    assert_int_equal(bench_process_start(&process, &command, &err), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(bench_process_ask(&answer, &ended, process, "hello", 20, NULL));
        assert_string_equal(answer, "hello");
        free(answer);
    }
    bench_process_free(process);
    /* One that ends without an answer, and one that does not answer in time. */
    argv[0] = "true";
    assert_int_equal(bench_process_start(&process, &command, &err), 0);
    assert_false(bench_process_ask(&answer, &ended, process, "hello", 20, NULL));
    assert_end(BENCH_END_EXIT, 0);
    bench_process_free(process);
    char *sleeping[] = {"sleep", MARK, NULL};
    command.argv = sleeping;
    assert_int_equal(bench_process_start(&process, &command, &err), 0);
    assert_false(bench_process_ask(&answer, &ended, process, "hello", 0.3, NULL));
    assert_int_equal(ended.how, BENCH_END_TIME);
    bench_process_free(process);
    /* One that nobody waits for is ended too. */
    assert_int_equal(bench_process_start(&process, &command, &err), 0);
    bench_process_free(process);
    assert_int_equal(num_marked(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit),     cmocka_unit_test(test_missing),
        cmocka_unit_test(test_hang),     cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_tampered), cmocka_unit_test(test_output),
        cmocka_unit_test(test_stop),     cmocka_unit_test(test_used),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
