/* wav.c - WAV with PCM, float, A-law or mu-law samples: RIFF, RIFX, RF64, BW64.
 * SPDX-License-Identifier: MIT
 *
 * "RIFF" size "WAVE", then chunks: id, size, bytes, a pad byte after an odd size
 *   ds64   64-bit sizes of RF64 and BW64
 *   fmt    format tag, channels, rate, byte rate, block align, bits; EXTENSIBLE: the tag in a GUID
 *   data   frames; several data chunks are read one after the other
 *
 * Strictly forward, so that a pipe needs no copy. Sizes are only ever counted down, never
 * allocated. Programs that write to a pipe leave sizes of 0, 0xffffffff or about 2 or 4 GiB: the
 * samples then go on to the end of the input. */
#include "audio/decoder.h"
#include "audio/pcm_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAG_PCM = 1,
    TAG_FLOAT = 3,
    TAG_ALAW = 6,
    TAG_MULAW = 7,
    TAG_EXTENSIBLE = 0xfffe,
    NO_LENGTH = 0x7ffff000 /* sizes from here on are what writers to pipes put */
};

struct wav_decoder {
    struct dr_decoder base;
    struct dr_pcm_stream stream;
    struct dr_source *source;
    uint64_t max_bytes; /* of chunks that are passed over in a pipe */
    uint64_t passed_over;
    bool has_format, is_64bit, no_length;
    bool pad; /* a byte follows the data chunk */
    bool has_pending;
    uint8_t pending[8]; /* header of the next chunk */
    uint32_t riff_size;
    uint64_t long_data_size; /* of ds64 */
    uint64_t declared_frames, num_frames;
    uint32_t num_data_chunks;
};

static uint32_t load_u32(const struct wav_decoder *wav, const uint8_t *b) {
    return wav->stream.big_endian
               ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
               : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static uint32_t load_u16(const struct wav_decoder *wav, const uint8_t *b) {
    return wav->stream.big_endian ? (uint32_t)b[0] << 8 | b[1] : (uint32_t)b[1] << 8 | b[0];
}

static uint64_t load_u64(const struct wav_decoder *wav, const uint8_t *b) {
    uint64_t first = load_u32(wav, b), second = load_u32(wav, b + 4);
    return wav->stream.big_endian ? first << 32 | second : second << 32 | first;
}

/* Reads count bytes unless the input ends before; *num says how many. */
static int read_fully(struct dr_source *source, uint8_t *bytes, size_t count, size_t *num,
                      diarist_error *err) {
    *num = 0;
    while (*num < count) {
        size_t got;
        int status = dr_source_read(source, bytes + *num, count - *num, &got, err);
        if (status)
            return status;
        if (!got)
            break;
        *num += got;
    }
    return DIARIST_OK;
}

/* Passes over what is left of a chunk; a pipe may not make us read on for ever. */
static int pass_over(struct wav_decoder *wav, uint64_t count, diarist_error *err) {
    uint64_t skipped;
    if (!dr_source_is_file(wav->source)) {
        wav->passed_over += count + 8;
        if (wav->passed_over > wav->max_bytes)
            return dr_fail(
                err, DIARIST_ERROR_INPUT,
                "broken WAV file: more than %.0f MiB that are no samples; write it again",
                (double)wav->max_bytes / 1048576);
    }
    return dr_source_skip(wav->source, count, &skipped, err);
}

static int choose_pcm(struct wav_decoder *wav, uint32_t tag, uint32_t bits, diarist_error *err) {
    if (tag == TAG_PCM && bits >= 8 && bits <= 32) {
        static const enum dr_pcm by_bytes[] = {DR_PCM_U8, DR_PCM_S16, DR_PCM_S24, DR_PCM_S32};
        wav->stream.pcm = by_bytes[(bits + 7) / 8 - 1];
    } else if (tag == TAG_FLOAT && (bits == 32 || bits == 64)) {
        wav->stream.pcm = bits == 32 ? DR_PCM_F32 : DR_PCM_F64;
    } else if ((tag == TAG_ALAW || tag == TAG_MULAW) && bits == 8) {
        wav->stream.pcm = tag == TAG_ALAW ? DR_PCM_ALAW : DR_PCM_MULAW;
    } else if (tag == TAG_PCM || tag == TAG_FLOAT || tag == TAG_ALAW || tag == TAG_MULAW) {
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "broken WAV header: %u bits per sample; write the file again", bits);
    } else {
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "WAV format tag 0x%04x is not known; convert it to 16-bit PCM", tag);
    }
    return DIARIST_OK;
}

static int read_format(struct wav_decoder *wav, uint64_t size, diarist_error *err) {
    uint8_t b[40] = {0};
    size_t num;
    int status = read_fully(wav->source, b, size < sizeof b ? (size_t)size : sizeof b, &num, err);
    if (status)
        return status;
    if (num < 16)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "broken WAV header: the fmt chunk is cut short; write the file again");
    uint32_t tag = load_u16(wav, b), channels = load_u16(wav, b + 2), rate = load_u32(wav, b + 4);
    uint32_t align = load_u16(wav, b + 12), bits = load_u16(wav, b + 14);
    if (tag == TAG_EXTENSIBLE && num >= 26)
        tag = load_u16(wav, b + 24);
    if (channels < 1 || channels > DR_AUDIO_MAX_CHANNELS)
        return dr_fail(
            err, DIARIST_ERROR_INPUT,
            "broken WAV header: %u channels (1 to %d are possible); write the file again", channels,
            DR_AUDIO_MAX_CHANNELS);
    if (rate < DR_AUDIO_MIN_RATE || rate > DR_AUDIO_MAX_RATE)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "broken WAV header: %u Hz (%d to %d are possible); write the file again",
                       rate, DR_AUDIO_MIN_RATE, DR_AUDIO_MAX_RATE);
    status = choose_pcm(wav, tag, bits, err);
    if (status)
        return status;
    wav->base.num_channels = (int32_t)channels;
    wav->base.rate_hz = (int32_t)rate;
    wav->stream.num_channels = channels;
    size_t frame_bytes = channels * dr_pcm_bytes(wav->stream.pcm);
    if (align != frame_bytes)
        snprintf(wav->base.warning, sizeof wav->base.warning,
                 "the WAV header says %u bytes per frame where %zu are meant; used %zu", align,
                 frame_bytes, frame_bytes);
    wav->has_format = true;
    return pass_over(wav, size + (size & 1) - num, err);
}

/* Chunk ids are four printable characters. */
static bool is_chunk_id(const uint8_t *id) {
    for (int i = 0; i < 4; i++)
        if (id[i] < ' ' || id[i] > '~')
            return false;
    return true;
}

static int fail_no_data(diarist_error *err) {
    return dr_fail(err, DIARIST_ERROR_INPUT,
                   "broken WAV file: it ends before any samples; write the file again");
}

/* A data chunk of size 0 has no samples, or its size was never filled in: then what follows is not
 * a chunk. */
static int begin_empty_data(struct wav_decoder *wav, diarist_error *err) {
    size_t num;
    int status = read_fully(wav->source, wav->pending, sizeof wav->pending, &num, err);
    if (status || num < sizeof wav->pending)
        return status;
    if (wav->riff_size && is_chunk_id(wav->pending)) {
        wav->has_pending = true;
        return DIARIST_OK;
    }
    memcpy(wav->stream.bytes, wav->pending, num);
    wav->stream.num_bytes = num;
    wav->stream.bytes_left = UINT64_MAX;
    wav->no_length = true;
    return DIARIST_OK;
}

/* Sets how many bytes of samples follow the header of a data chunk. */
static int begin_data(struct wav_decoder *wav, uint32_t size, diarist_error *err) {
    wav->num_data_chunks++;
    wav->stream.bytes_left = 0;
    wav->pad = size & 1;
    if (size == 0)
        return begin_empty_data(wav, err);
    bool is_long = wav->is_64bit && size == UINT32_MAX;
    uint64_t data_size = is_long ? wav->long_data_size : size;
    if (is_long)
        wav->pad = data_size & 1;
    if (size == UINT32_MAX && (!is_long || data_size == 0))
        data_size = UINT64_MAX;
    uint64_t there = dr_source_size(wav->source) - dr_source_position(wav->source);
    wav->no_length = data_size == UINT64_MAX || (!is_long && size >= NO_LENGTH &&
                                                 (!dr_source_is_file(wav->source) || size > there));
    wav->stream.bytes_left = data_size;
    if (!wav->no_length)
        wav->declared_frames +=
            data_size / (wav->stream.num_channels * dr_pcm_bytes(wav->stream.pcm));
    return DIARIST_OK;
}

static int read_long_sizes(struct wav_decoder *wav, uint64_t size, diarist_error *err) {
    uint8_t b[16] = {0};
    size_t num;
    int status = read_fully(wav->source, b, size < sizeof b ? (size_t)size : sizeof b, &num, err);
    if (status)
        return status;
    wav->long_data_size = load_u64(wav, b + 8);
    return pass_over(wav, size + (size & 1) - num, err);
}

/* Goes to the next data chunk. *found is 0 when there is none. */
static int find_data(struct wav_decoder *wav, bool *found, diarist_error *err) {
    *found = false;
    for (;;) {
        uint8_t *b = wav->pending;
        size_t num = sizeof wav->pending;
        int status = wav->has_pending ? 0 : read_fully(wav->source, b, num, &num, err);
        if (status || num < sizeof wav->pending)
            return status;
        wav->has_pending = false;
        uint32_t size = load_u32(wav, b + 4);
        if (!memcmp(b, "data", 4)) {
            if (!wav->has_format)
                return dr_fail(err, DIARIST_ERROR_INPUT,
                               "broken WAV file: samples before the fmt chunk; write it again");
            *found = true;
            return begin_data(wav, size, err);
        }
        if (!memcmp(b, "fmt ", 4) && !wav->has_format)
            status = read_format(wav, size, err);
        else if (!memcmp(b, "ds64", 4) && wav->is_64bit)
            status = read_long_sizes(wav, size, err);
        else
            status = pass_over(wav, (uint64_t)size + (size & 1), err);
        if (status)
            return status;
    }
}

/* Says where the samples ended and where they should have. */
static void describe_end(struct wav_decoder *wav) {
    double rate = wav->base.rate_hz, seconds = (double)wav->num_frames / rate;
    char *text = wav->base.warning;
    size_t size = sizeof wav->base.warning;
    if (wav->no_length) {
        /* For a pipe there is no other way to write it. */
        if (dr_source_is_file(wav->source))
            snprintf(text, size, "the WAV header gives no length; used the %.3f s that are there",
                     seconds);
    } else if (wav->num_frames < wav->declared_frames) {
        snprintf(text, size, "the samples end after %.3f s of %.3f s declared; used what is there",
                 seconds, (double)wav->declared_frames / rate);
    } else if (wav->num_data_chunks > 1) {
        snprintf(text, size, "the samples are in %u data chunks; used all %.3f s of them",
                 wav->num_data_chunks, seconds);
    }
}

static int wav_read(struct dr_decoder *decoder, float *frames, size_t capacity, size_t *num,
                    diarist_error *err) {
    struct wav_decoder *wav = (struct wav_decoder *)decoder;
    bool more, found;
    do {
        int status = dr_pcm_stream_read(&wav->stream, frames, capacity, num, err);
        if (status)
            return status;
        wav->num_frames += *num;
        if (*num)
            return DIARIST_OK;
        /* All samples of this chunk are here; whatever is wrong behind them does not matter. */
        wav->stream.num_bytes = 0;
        more = !pass_over(wav, wav->pad, NULL) && !find_data(wav, &found, NULL) && found;
    } while (more);
    describe_end(wav);
    return DIARIST_OK;
}

static void wav_close(struct dr_decoder *decoder) {
    free(decoder);
}

static int open_header(struct wav_decoder *wav, diarist_error *err) {
    uint8_t b[12];
    size_t num;
    int status = read_fully(wav->source, b, sizeof b, &num, err);
    if (status)
        return status;
    if (num < sizeof b || memcmp(b + 8, "WAVE", 4))
        return fail_no_data(err);
    wav->stream.big_endian = !memcmp(b, "RIFX", 4);
    wav->is_64bit = !memcmp(b, "RF64", 4) || !memcmp(b, "BW64", 4);
    wav->riff_size = load_u32(wav, b + 4);
    bool found;
    status = find_data(wav, &found, err);
    if (status)
        return status;
    if (!found)
        return fail_no_data(err);
    if (!wav->no_length)
        wav->base.declared_s = (double)wav->declared_frames / wav->base.rate_hz;
    return DIARIST_OK;
}

int dr_wav_open(struct dr_decoder **out, struct dr_source *source, uint64_t max_bytes,
                diarist_error *err) {
    *out = NULL;
    struct wav_decoder *wav = calloc(1, sizeof *wav);
    if (!wav)
        return dr_fail_memory(err);
    wav->base = (struct dr_decoder){.name = "wav", .read = wav_read, .close = wav_close};
    wav->source = wav->stream.source = source;
    wav->max_bytes = max_bytes;
    int status = open_header(wav, err);
    if (status) {
        free(wav);
        return status;
    }
    *out = &wav->base;
    return DIARIST_OK;
}
