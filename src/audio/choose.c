/* choose.c - which decoder an input gets.
 * SPDX-License-Identifier: MIT
 *
 * raw asked for     -> raw         forward, a pipe is not kept; or wav, with raw_or_wav
 * WAV               -> wav         forward, a pipe is not kept
 * MPEG audio        -> libmpg123
 * FLAC, Ogg, ...    -> libsndfile; what it refuses, ffmpeg
 * anything else     -> ffmpeg
 *
 * The choice depends on the bytes alone, so a pipe and a file of the same bytes give the same
 * samples. */
#include "audio/choose.h"

#include "audio/sniff.h"

#include <stdlib.h>

static int fail_content(enum dr_content content, diarist_error *err) {
    if (content == DR_CONTENT_EMPTY)
        return dr_fail(err, DIARIST_ERROR_INPUT, "is empty; choose a file with sound");
    if (content == DR_CONTENT_ZEROS)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "not audio that can be decoded: zero bytes only; if it is PCM without a "
                       "header, say which with --raw s16le:RATE:CHANNELS");
    return dr_fail(err, DIARIST_ERROR_INPUT,
                   "not audio that can be decoded: text or a playlist; choose a file with sound");
}

/* Looks past ID3 tags. A tag leaves the decoder to be told from what follows it. */
static int sniff_kept(struct dr_source *source, struct dr_sniffed *sniffed, diarist_error *err) {
    enum { MOST_TAGS = 8 };
    uint64_t offset = 0;
    uint8_t *head = malloc(DR_SOURCE_PEEK);
    if (!head)
        return dr_fail_memory(err);
    int status = DIARIST_OK;
    for (int i = 0; i < MOST_TAGS && !status; i++) {
        size_t num;
        status = dr_source_read_at(source, offset, head, DR_SOURCE_PEEK, &num, err);
        if (status)
            break;
        *sniffed = dr_sniff(head, num, num < DR_SOURCE_PEEK);
        if (sniffed->content != DR_CONTENT_ID3) {
            sniffed->offset += offset;
            break;
        }
        offset += sniffed->offset;
    }
    free(head);
    /* A WAV or text behind a tag is for ffmpeg to judge. */
    if (offset && sniffed->content != DR_CONTENT_MPEG && sniffed->content != DR_CONTENT_SNDFILE)
        *sniffed = (struct dr_sniffed){DR_CONTENT_UNKNOWN, NULL, 0};
    return status;
}

/* Copies a pipe to a file. Of bytes that look like nothing known only max_bytes are copied, unless
 * ffmpeg finds samples in them. */
static int keep(struct dr_source *source, enum dr_content content,
                const diarist_audio_options *options, diarist_error *err) {
    bool complete, known = content != DR_CONTENT_UNKNOWN && content != DR_CONTENT_ID3;
    int status = dr_source_keep(source, known ? UINT64_MAX : options->max_bytes, &complete, err);
    if (status || complete)
        return status;
    struct dr_decoder *probe;
    status = dr_ffmpeg_open(&probe, source, NULL, options->stall_s, err);
    if (status)
        return status;
    float frames[DR_AUDIO_MAX_CHANNELS];
    size_t num = 0;
    if (probe->num_channels <= DR_AUDIO_MAX_CHANNELS)
        status = probe->read(probe, frames, 1, &num, err);
    probe->close(probe);
    if (!status && !num)
        status = dr_fail(err, DIARIST_ERROR_INPUT,
                         "no audio in the first %.0f MiB; check what "
                         "writes to this pipe",
                         (double)options->max_bytes / 1048576);
    return status ? status : dr_source_keep(source, UINT64_MAX, &complete, err);
}

static int open_ffmpeg(struct dr_decoder **out, struct dr_source *source,
                       const struct dr_sniffed *sniffed, const diarist_audio_options *options,
                       diarist_error *err) {
    if (options->ffmpeg < 0)
        return dr_fail(err, DIARIST_ERROR_LIMIT,
                       "%s can only be decoded by ffmpeg, which is not allowed; convert to WAV",
                       sniffed->format ? sniffed->format : "what is no audio file of a known kind");
    return dr_ffmpeg_open(out, source, sniffed->format, options->stall_s, err);
}

static int open_kept(struct dr_decoder **out, struct dr_source *source,
                     const struct dr_sniffed *sniffed, const diarist_audio_options *options,
                     diarist_error *err) {
    if (options->ffmpeg <= 0 && sniffed->content == DR_CONTENT_MPEG)
        return dr_mpeg_open(out, source, sniffed->offset, err);
    if (options->ffmpeg <= 0 && sniffed->content == DR_CONTENT_SNDFILE) {
        int status = dr_sndfile_open(out, source, err);
        if (status != DIARIST_ERROR_INPUT)
            return status;
        if (options->ffmpeg < 0)
            return open_ffmpeg(out, source, sniffed, options, err);
        /* A variant that libsndfile does not know; its own message stands if ffmpeg fails too. */
        return open_ffmpeg(out, source, sniffed, options, NULL) ? status : DIARIST_OK;
    }
    return open_ffmpeg(out, source, sniffed, options, err);
}

static int check_bounds(const struct dr_decoder *decoder, diarist_error *err) {
    if (decoder->rate_hz < DR_AUDIO_MIN_RATE || decoder->rate_hz > DR_AUDIO_MAX_RATE)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "broken header: %d Hz (%d to %d are possible); write the file again",
                       decoder->rate_hz, DR_AUDIO_MIN_RATE, DR_AUDIO_MAX_RATE);
    if (decoder->num_channels < 1 || decoder->num_channels > DR_AUDIO_MAX_CHANNELS)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "broken header: %d channels (1 to %d are possible); write the file again",
                       decoder->num_channels, DR_AUDIO_MAX_CHANNELS);
    return DIARIST_OK;
}

/* Raw samples, unless a WAV file may come in their place and does. */
static int open_raw(struct dr_decoder **out, struct dr_source *source,
                    const diarist_audio_options *options, diarist_error *err) {
    enum { RIFF_BYTES = 12 }; /* "RIFF", a size, "WAVE": no more is waited for */
    const uint8_t *head;
    size_t num = 0;
    int status = DIARIST_OK;
    if (options->raw_or_wav)
        status = dr_source_peek(source, RIFF_BYTES, &head, &num, err);
    if (status)
        return status;
    struct dr_sniffed sniffed = {DR_CONTENT_UNKNOWN, NULL, 0};
    if (num == RIFF_BYTES)
        sniffed = dr_sniff(head, num, false);
    if (sniffed.content == DR_CONTENT_WAV)
        return dr_wav_open(out, source, options->max_bytes, err);
    if (sniffed.content == DR_CONTENT_SNDFILE || sniffed.content == DR_CONTENT_CONTAINER)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "%s where samples were expected; decode it first: ffmpeg -i FILE -f s16le "
                       "-ac 1 -ar 16000 -",
                       sniffed.format);
    if (sniffed.content == DR_CONTENT_ID3)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "an ID3 tag, as of MP3, where samples were expected; decode it first: "
                       "ffmpeg -i FILE -f s16le -ac 1 -ar 16000 -");
    return dr_raw_open(out, source, options->raw, err);
}

static int choose(struct dr_decoder **out, struct dr_source *source,
                  const diarist_audio_options *options, diarist_error *err) {
    if (options->raw)
        return open_raw(out, source, options, err);
    const uint8_t *head;
    size_t num;
    int status = dr_source_peek(source, DR_SOURCE_PEEK, &head, &num, err);
    if (status)
        return status;
    struct dr_sniffed sniffed = dr_sniff(head, num, num < DR_SOURCE_PEEK);
    if (sniffed.content == DR_CONTENT_EMPTY || sniffed.content == DR_CONTENT_ZEROS ||
        sniffed.content == DR_CONTENT_TEXT)
        return fail_content(sniffed.content, err);
    if (sniffed.content == DR_CONTENT_WAV)
        return dr_wav_open(out, source, options->max_bytes, err);
    status = keep(source, sniffed.content, options, err);
    if (!status)
        status = sniff_kept(source, &sniffed, err);
    if (!status)
        status = open_kept(out, source, &sniffed, options, err);
    return status;
}

int dr_choose_decoder(struct dr_decoder **out, struct dr_source *source,
                      const diarist_audio_options *options, diarist_error *err) {
    *out = NULL;
    int status = choose(out, source, options, err);
    if (!status)
        status = check_bounds(*out, err);
    if (status && *out) {
        (*out)->close(*out);
        *out = NULL;
    }
    return status;
}
