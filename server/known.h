/* known.h - known speakers: profiles (docs/profiles.md) in the data folder, which clients make, and
 * those that the service was started with.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_KNOWN_H
#define SERVER_KNOWN_H

#include "diarist/profile.h"
#include "state.h"

enum { SERVER_MAX_SPEAKERS = 1000 };

struct server_known {
    diarist_profiles *profiles; /* NULL: none */
    size_t num;
    double threshold, margin; /* from which a voice is one of theirs */
};

/* Those of the model that is in use; none without a model, or without a threshold for it. A
 * diarist_status; clear in either case. */
int server_known_open(struct server_known *out, struct server *server, diarist_error *err);
void server_known_clear(struct server_known *known);

enum { SERVER_SPEAKER_PATH = SERVER_MAX_PATH + 48 };

/* Where a speaker's profile is. -1: that is no id. */
int server_speaker_path(char out[SERVER_SPEAKER_PATH], struct server *server, const char *id);

/* Calls told for each profile in the data folder, sorted by name of file; what it says, if not 0,
 * ends that. */
typedef int server_speaker_told(void *data, const char *id, const diarist_profile *profile);
int server_speakers_each(struct server *server, server_speaker_told *told, void *data);

#endif
