/* sandbox.c - what a process that reads bytes of strangers may do.
 * SPDX-License-Identifier: MIT
 *
 * The filter is a list: number of the call -> allowed, allowed for some values of one argument,
 * refused with an error, and for all others the end. It is checked against the processor first, as
 * numbers differ. */
#define _GNU_SOURCE /* syscall */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define PROCESSOR AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define PROCESSOR AUDIT_ARCH_AARCH64
#else
#define PROCESSOR 0
#endif

/* A call with number nr is decided by the first rule with (argument & mask) == value. */
struct rule {
    int nr, argument;
    uint32_t mask, value, action;
};

#define ALLOW(name) \
    { __NR_##name, 0, 0, 0, SECCOMP_RET_ALLOW }
#define ALLOW_IF(name, argument, mask, value) \
    { __NR_##name, argument, mask, value, SECCOMP_RET_ALLOW }
#define REFUSE(name, error) \
    { __NR_##name, 0, 0, 0, SECCOMP_RET_ERRNO | (error) }

/* Memory, what is open, time, the end. */
#define ALLOW_COMMON                                                                               \
    ALLOW(read), ALLOW(pread64), ALLOW(write), ALLOW(lseek), ALLOW(fstat), ALLOW(newfstatat),      \
        ALLOW(close), ALLOW(fcntl), ALLOW(munmap), ALLOW(mremap), ALLOW(brk), ALLOW(madvise),      \
        ALLOW(futex), ALLOW(ppoll), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(getpid),     \
        ALLOW(gettid), ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(gettimeofday),             \
        ALLOW(getrandom), ALLOW(sysinfo), ALLOW(sched_yield), ALLOW(restart_syscall), ALLOW(exit), \
        ALLOW(exit_group)

static const struct rule decode_rules[] = {
    ALLOW_COMMON,
    ALLOW_IF(mmap, 2, PROT_EXEC, 0),
    ALLOW_IF(mprotect, 2, PROT_EXEC, 0),
    /* Libraries look for settings that need not be there. */
    REFUSE(openat, ENOENT),
    REFUSE(faccessat, ENOENT),
    REFUSE(readlinkat, ENOENT),
#ifdef __x86_64__
    ALLOW(poll),
    REFUSE(open, ENOENT),
    REFUSE(access, ENOENT),
    REFUSE(readlink, ENOENT),
#endif
#if SANITIZED
    ALLOW(sigaltstack),
#endif
};

#define NAMESPACES                                                                                \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
     CLONE_NEWNET)
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

static const struct rule ffmpeg_rules[] = {
    ALLOW_COMMON,
    ALLOW(mmap),
    ALLOW(mprotect),
    ALLOW(execve),
    ALLOW_IF(clone, 0, NAMESPACES, 0),
    REFUSE(clone3, ENOSYS), /* its flags cannot be seen; clone is then used */
    ALLOW(wait4),
    ALLOW(waitid),
    ALLOW_IF(openat, 2, WRITING, 0),
    ALLOW(faccessat),
    ALLOW(faccessat2),
    ALLOW(readlinkat),
    ALLOW(statx),
    ALLOW(getdents64),
    ALLOW(getcwd),
    ALLOW(readv),
    ALLOW(writev),
    ALLOW(pipe2),
    ALLOW(dup),
    ALLOW(dup3),
    ALLOW(pselect6),
    ALLOW_IF(ioctl, 1, UINT32_MAX, TCGETS),
    ALLOW(rt_sigaction),
    ALLOW(sigaltstack),
    ALLOW(set_tid_address),
    ALLOW(set_robust_list),
    ALLOW(rseq),
    ALLOW_IF(prlimit64, 2, UINT32_MAX, 0),
    ALLOW(getrusage),
    ALLOW(sched_getaffinity),
    ALLOW(getppid),
    ALLOW(mlock), /* libgcrypt says so where it cannot */
    ALLOW(munlock),
    ALLOW(getuid),
    ALLOW(geteuid),
    ALLOW(getgid),
    ALLOW(getegid),
    ALLOW(uname),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW_IF(prctl, 0, UINT32_MAX, PR_SET_NAME),
#ifdef __x86_64__
    ALLOW(poll),
    ALLOW(select),
    ALLOW(vfork),
    ALLOW(arch_prctl),
    ALLOW_IF(open, 1, WRITING, 0),
    ALLOW(access),
    ALLOW(stat),
    ALLOW(lstat),
    ALLOW(readlink),
    ALLOW(pipe),
    ALLOW(dup2),
#endif
};

/* ---- the filter ---- */

enum { MOST_INSTRUCTIONS = 400 };

struct program {
    struct sock_filter code[MOST_INSTRUCTIONS];
    unsigned short num;
};

static void add(struct program *program, unsigned short code, uint32_t k, uint8_t yes, uint8_t no) {
    program->code[program->num++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct program *program, size_t offset) {
    add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void add_rule(struct program *program, const struct rule *rule) {
    enum { CONDITION = 3, RETURN = 1 };
    bool any = !rule->mask;
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->nr, 0,
        any ? RETURN : CONDITION + RETURN + 1);
    if (!any) {
        /* The low half; both processors have it first. */
        load(program, offsetof(struct seccomp_data, args) + 8 * (size_t)rule->argument);
        add(program, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0, 0);
        add(program, BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, RETURN);
    }
    add(program, BPF_RET | BPF_K, rule->action, 0, 0);
    if (!any)
        load(program, offsetof(struct seccomp_data, nr));
}

static int filter(const struct rule *rules, size_t num_rules, uint32_t otherwise) {
    static struct program program;
    program.num = 0;
    load(&program, offsetof(struct seccomp_data, arch));
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, PROCESSOR, 1, 0);
    add(&program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    load(&program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < num_rules; i++)
        add_rule(&program, &rules[i]);
    add(&program, BPF_RET | BPF_K, otherwise, 0, 0);
    struct sock_fprog whole = {program.num, program.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole);
}

static int enter_filter(enum server_sandbox kind) {
    const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    if (!PROCESSOR)
        return 0;
    if (kind == SERVER_SANDBOX_FFMPEG)
        return filter(ffmpeg_rules, sizeof ffmpeg_rules / sizeof *ffmpeg_rules, refuse);
    return filter(decode_rules, sizeof decode_rules / sizeof *decode_rules,
                  SANITIZED ? refuse : SECCOMP_RET_KILL_PROCESS);
}

bool server_sandbox_filters(void) {
    return PROCESSOR != 0;
}

/* ---- files that can be opened ---- */

static bool allow_below(int ruleset, int fd, uint64_t access) {
    struct landlock_path_beneath_attr below = {.allowed_access = access, .parent_fd = fd};
    return fd >= 0 &&
           !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
}

bool server_sandbox_has_landlock(void) {
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

/* ffmpeg, its libraries and the recording: nothing else can be opened. */
static int enter_landlock(void) {
    static const char *const places[] = {"/usr", "/bin",       "/lib",       "/lib64",
                                         "/opt", "/nix/store", "/gnu/store", "/snap"};
    static const char *const files[] = {"/etc/ld.so.cache", "/etc/ld.so.preload", "/dev/null"};
    const uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE;
    const uint64_t run = read | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_DIR;
    const struct landlock_ruleset_attr all = {.handled_access_fs =
                                                  (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (ruleset < 0)
        return -1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int fd = open(places[i], O_PATH | O_CLOEXEC);
        allow_below(ruleset, fd, run);
        close(fd);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int fd = open(files[i], O_PATH | O_CLOEXEC);
        allow_below(ruleset, fd, read);
        close(fd);
    }
    bool done = allow_below(ruleset, STDIN_FILENO, read) &&
                !syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return done ? 0 : -1;
}

/* ---- limits ---- */

static int limit(__rlimit_resource_t resource, rlim_t most) {
    const struct rlimit both = {most, most};
    return setrlimit(resource, &both);
}

static int enter_limits(enum server_sandbox kind, uint64_t cpu_s) {
    const rlim_t gib = (rlim_t)1 << 30;
    bool ffmpeg = kind == SERVER_SANDBOX_FFMPEG;
    int rc = limit(RLIMIT_CORE, 0) | limit(RLIMIT_FSIZE, 0) | limit(RLIMIT_CPU, cpu_s) |
             limit(RLIMIT_NOFILE, ffmpeg ? 64 : 16);
    return SANITIZED ? rc : rc | limit(RLIMIT_AS, ffmpeg ? 4 * gib : gib);
}

static int drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return (int)syscall(SYS_capset, &header, none);
}

int server_sandbox_enter(enum server_sandbox kind, uint64_t cpu_s) {
    if (enter_limits(kind, cpu_s) || drop_capabilities() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    if (kind == SERVER_SANDBOX_FFMPEG && server_sandbox_has_landlock() && enter_landlock())
        return -1;
    return enter_filter(kind);
}
