/* sandbox.h - what a process that reads bytes of strangers may do: next to nothing.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

enum server_sandbox {
    SERVER_SANDBOX_DECODE, /* read and write what is open; any other call of the system ends it */
    SERVER_SANDBOX_FFMPEG  /* start a program too, which may read its libraries and what is open on
                              standard input; other calls fail */
};

/* Puts this process, which must have one thread, into a sandbox that it cannot leave: limits on
 * memory, processor time, files and descriptors; no capabilities, no new privileges, a filter of
 * system calls (x86-64, arm64). With the sanitizers memory has no limit, and calls that are not
 * allowed fail. -1: it could not be done. */
int server_sandbox_enter(enum server_sandbox kind, uint64_t cpu_s);

/* Whether there is a filter for this processor; whether the kernel keeps what ffmpeg may read to a
 * list (Landlock). */
bool server_sandbox_filters(void);
bool server_sandbox_has_landlock(void);

#endif
