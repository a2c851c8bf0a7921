/* score.h - how far a diarization is from the truth: DER, JER, number of speakers.
 * SPDX-License-Identifier: MIT
 *
 * reference document --+
 *                      +--> who is who --> missed, false alarm, confusion --> diarist_score
 * hypothesis document -+
 * UEM: what is scored -+
 *
 * All times count speakers: a second in which two people of the reference talk is two seconds of
 * scored speaker time. docs/scoring.md has the definitions and says where other scorers differ.
 * The conventions of diarist.h hold here. */
#ifndef DIARIST_SCORE_H
#define DIARIST_SCORE_H

#include "diarist/io.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diarist_score_options {
    size_t struct_size;   /* set by diarist_score_options_init */
    double collar_s;      /* not scored on EACH side of where a turn of the reference starts or
                             ends; 0 (default) to 3600 */
    int32_t skip_overlap; /* 1: what two turns of the reference share is not scored; default 0 */
} diarist_score_options;
DIARIST_API void diarist_score_options_init(diarist_score_options *options);

/* Figures of one file, or pooled over several. */
typedef struct diarist_score {
    double scored_s;      /* speech of the reference, the sum over its speakers */
    double missed_s;      /* of it without as many speakers in the hypothesis */
    double false_alarm_s; /* of the hypothesis, with fewer speakers in the reference */
    double confusion_s;   /* attributed to another speaker than the mapping's */
    double jaccard_sum;   /* Jaccard error of each scored speaker of the reference, added up */
    int64_t jaccard_num;  /* how many speakers that are */
    int64_t num_files;
    int64_t num_ref_speakers; /* that talk inside the UEM, collars and overlap included */
    int64_t num_hyp_speakers;
    int64_t count_error; /* |num_hyp_speakers - num_ref_speakers| of each file, added up */
    int64_t count_exact; /* files in which they are equal */
} diarist_score;

/* (missed + false alarm + confusion) / scored, a fraction that may pass 1; NaN when nothing of the
 * reference is scored. */
DIARIST_API double diarist_score_der(const diarist_score *score);
/* Mean Jaccard error of the reference's speakers, 0 to 1; NaN when there is none. */
DIARIST_API double diarist_score_jer(const diarist_score *score);
/* Adds the figures of one or more files to a sum, which begins as zeros. */
DIARIST_API void diarist_score_pool(diarist_score *sum, const diarist_score *score);

/* Scores one recording of a document against one of another, whatever their ids are; document NULL:
 * nobody talks. regions [num_regions]: what is scored, in any order; they may overlap, and group is
 * not read. regions NULL: from the first start to the last end of either. mapping: [speakers of the
 * reference's recording], or NULL: the hypothesis's speaker that each is scored as, -1: none.
 * DIARIST_ERROR_ARGUMENT: there is no such recording, a region ends before it starts, options out
 * of range. DIARIST_ERROR_LIMIT: more than 4096 speakers on a side. */
DIARIST_API int diarist_score_recording(diarist_score *out, const diarist_document *reference,
                                        size_t reference_recording,
                                        const diarist_document *hypothesis,
                                        size_t hypothesis_recording, const diarist_region *regions,
                                        size_t num_regions, int32_t *mapping,
                                        const diarist_score_options *options, diarist_error *err);

/* ---- many recordings, matched by id ------------------------------------------------------- */

/* Which regions of which recordings are scored: the lines of a UEM (un-partitioned evaluation map)
 * file, `FILE CHANNEL START END`. Channels are not told apart. */
typedef struct diarist_uem diarist_uem;

DIARIST_API int diarist_uem_new(diarist_uem **out, diarist_error *err);
/* Adds the regions of a file ("-": standard input). A broken line is a DIARIST_ERROR_INPUT that
 * names the line; the UEM then holds the lines before it. */
DIARIST_API int diarist_uem_read(diarist_uem *uem, const char *path, diarist_error *err);
/* Adds one region, 0 <= start < end. */
DIARIST_API int diarist_uem_add(diarist_uem *uem, const char *id, double start, double end,
                                diarist_error *err);
DIARIST_API size_t diarist_uem_num_recordings(const diarist_uem *uem);
DIARIST_API const char *diarist_uem_recording_id(const diarist_uem *uem, size_t recording);
/* The regions of the recording called id as they were added, *num of them; NULL: it has none. They
 * live until the next one is added. */
DIARIST_API const diarist_region *diarist_uem_regions(const diarist_uem *uem, const char *id,
                                                      size_t *num);
DIARIST_API void diarist_uem_free(diarist_uem *uem);

typedef enum diarist_scored {
    DIARIST_SCORED = 0,
    DIARIST_SCORED_NO_HYPOTHESIS = 1,  /* counted: all of the reference is missed */
    DIARIST_SCORED_NO_REFERENCE = 2,   /* in the UEM, so counted: all speech is a false alarm */
    DIARIST_UNSCORED_NO_REFERENCE = 3, /* of the hypothesis alone, without a UEM: not counted */
    DIARIST_UNSCORED_NOT_IN_UEM = 4    /* not counted */
} diarist_scored;

typedef struct diarist_scored_file {
    const char *id;      /* lives as long as the diarist_scores */
    int32_t what;        /* a diarist_scored */
    diarist_score score; /* zeros for files that are not counted */
} diarist_scored_file;

typedef struct diarist_scores diarist_scores; /* one figure a file, and the pooled one; read-only */

/* Scores every recording of both documents and of the UEM (NULL: none) against the one of the same
 * id. Order: the reference's, then the hypothesis's, then the UEM's. Of the hypothesis's alone,
 * recordings without turns that the UEM does not name are left out: they change no figure. */
DIARIST_API int diarist_score_documents(diarist_scores **out, const diarist_document *reference,
                                        const diarist_document *hypothesis, const diarist_uem *uem,
                                        const diarist_score_options *options, diarist_error *err);
DIARIST_API size_t diarist_scores_num_files(const diarist_scores *scores);
/* 0, or -1 past the last. */
DIARIST_API int diarist_scores_file(const diarist_scores *scores, size_t i,
                                    diarist_scored_file *out);
/* Pooled over the files that are counted. */
DIARIST_API void diarist_scores_overall(const diarist_scores *scores, diarist_score *out);
DIARIST_API void diarist_scores_free(diarist_scores *scores);

#ifdef __cplusplus
}
#endif
#endif
