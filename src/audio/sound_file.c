/* sound_file.c - FLAC, Ogg Vorbis, Opus, AIFF, AU, CAF, W64, ... through libsndfile.
 * SPDX-License-Identifier: MIT
 *
 * libsndfile hides truncation: of files with a header it shortens the length to what is there and
 * notes that in its log, of Ogg it does not know the length. Both are looked up here.
 *
 * It gets functions to read with and no descriptor: it closes a lent one when FLAC is broken. */
#include "audio/decoder.h"

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sound_file {
    struct dr_decoder base;
    struct dr_source *source;
    SNDFILE *file;
    sf_count_t position;      /* where libsndfile is in source */
    uint64_t declared_frames; /* 0: unknown */
    uint64_t num_frames;
    bool is_ogg;
    bool is_cut; /* the header declares more bytes than there are */
};

static void sound_file_close(struct dr_decoder *decoder) {
    struct sound_file *sound = (struct sound_file *)decoder;
    if (sound->file)
        sf_close(sound->file);
    free(sound);
}

/* Does the last page of an Ogg stream carry the end-of-stream flag? RFC 3533 section 6. */
static bool ogg_has_end(struct dr_source *source) {
    enum { LONGEST_PAGE = 65307, PAGE_HEADER = 27, FLAGS = 5, END_OF_STREAM = 4 };
    uint64_t size = dr_source_size(source);
    size_t num;
    bool has_end = true;
    uint8_t *tail = malloc(LONGEST_PAGE);
    if (!tail)
        return has_end;
    if (!dr_source_read_at(source, size > LONGEST_PAGE ? size - LONGEST_PAGE : 0, tail,
                           LONGEST_PAGE, &num, NULL) &&
        num >= PAGE_HEADER) {
        size_t at = num - PAGE_HEADER;
        while (at > 0 && memcmp(tail + at, "OggS", 4))
            at--;
        has_end = tail[at + FLAGS] & END_OF_STREAM;
    }
    free(tail);
    return has_end;
}

static void describe_end(struct sound_file *sound) {
    double rate = sound->base.rate_hz, seconds = (double)sound->num_frames / rate;
    char *text = sound->base.warning;
    size_t size = sizeof sound->base.warning;
    if (sound->num_frames < sound->declared_frames)
        snprintf(text, size, "%.3f s of %.3f s declared could be decoded; used those", seconds,
                 (double)sound->declared_frames / rate);
    else if (sound->is_cut || (sound->is_ogg && !ogg_has_end(sound->source)))
        snprintf(text, size, "the file is cut off after %.3f s; used what is there", seconds);
}

static int sound_file_read(struct dr_decoder *decoder, float *frames, size_t capacity, size_t *num,
                           diarist_error *err) {
    struct sound_file *sound = (struct sound_file *)decoder;
    (void)err; /* what cannot be decoded ends the recording, with a warning */
    sf_count_t got = sf_readf_float(sound->file, frames, (sf_count_t)capacity);
    *num = got > 0 ? (size_t)got : 0;
    sound->num_frames += *num;
    if (!*num)
        describe_end(sound);
    return DIARIST_OK;
}

/* libsndfile notes "data : 640000 (should be 320000)" and goes on. Other fields are noted likewise;
 * a number of about 2 GiB and more is what writers to pipes put (SoX: 0x7f000000). */
static bool log_says_cut(SNDFILE *file) {
    enum { LOG_BYTES = 8192, NO_LENGTH = 0x7f000000 };
    bool is_cut = false;
    char *text = calloc(1, LOG_BYTES);
    if (!text)
        return false;
    sf_command(file, SFC_GET_LOG_INFO, text, LOG_BYTES - 1);
    for (const char *line = text; line && !is_cut; line = strchr(line + 1, '\n')) {
        unsigned long long says, should;
        char field[32];
        is_cut = sscanf(line, "%31[^:]: %llu (should be %llu", field, &says, &should) == 3 &&
                 says > should && says < NO_LENGTH && !strstr(field, "Bytes/sec");
    }
    free(text);
    return is_cut;
}

static sf_count_t virtual_length(void *data) {
    const struct sound_file *sound = data;
    return (sf_count_t)dr_source_size(sound->source);
}

static sf_count_t virtual_seek(sf_count_t offset, int whence, void *data) {
    struct sound_file *sound = data;
    sf_count_t from = whence == SEEK_CUR   ? sound->position
                      : whence == SEEK_END ? virtual_length(data)
                                           : 0;
    /* What a broken file asks for must not overflow; all are file sizes and stay below 2^63. */
    if (offset < -from || offset > SF_COUNT_MAX - from)
        return -1;
    sound->position = from + offset;
    return sound->position;
}

static sf_count_t virtual_read(void *bytes, sf_count_t count, void *data) {
    struct sound_file *sound = data;
    size_t num = 0;
    if (count > 0 && dr_source_read_at(sound->source, (uint64_t)sound->position, bytes,
                                       (size_t)count, &num, NULL))
        return 0;
    sound->position += (sf_count_t)num;
    return (sf_count_t)num;
}

static sf_count_t virtual_write(const void *bytes, sf_count_t count, void *data) {
    (void)bytes, (void)count, (void)data;
    return 0;
}

static sf_count_t virtual_tell(void *data) {
    const struct sound_file *sound = data;
    return sound->position;
}

static int open_file(struct sound_file *sound, diarist_error *err) {
    SF_INFO info = {0};
    SF_VIRTUAL_IO functions = {virtual_length, virtual_seek, virtual_read, virtual_write,
                               virtual_tell};
    sound->file = sf_open_virtual(&functions, SFM_READ, &info, sound);
    if (!sound->file) {
        char reason[100];
        snprintf(reason, sizeof reason, "%s", sf_strerror(NULL));
        reason[strcspn(reason, "\n.")] = '\0';
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "not audio that can be decoded (libsndfile: %s); write the file again",
                       reason);
    }
    int container = info.format & SF_FORMAT_TYPEMASK;
    sound->is_ogg = container == SF_FORMAT_OGG;
    sound->is_cut =
        container != SF_FORMAT_OGG && container != SF_FORMAT_FLAC && log_says_cut(sound->file);
    sound->base.rate_hz = info.samplerate;
    sound->base.num_channels = info.channels;
    if (info.frames > 0 && info.frames < SF_COUNT_MAX && info.samplerate > 0) {
        sound->declared_frames = (uint64_t)info.frames;
        sound->base.declared_s = (double)info.frames / info.samplerate;
    }
    return DIARIST_OK;
}

int dr_sndfile_open(struct dr_decoder **out, struct dr_source *source, diarist_error *err) {
    *out = NULL;
    struct sound_file *sound = calloc(1, sizeof *sound);
    if (!sound)
        return dr_fail_memory(err);
    sound->base = (struct dr_decoder){
        .name = "libsndfile", .read = sound_file_read, .close = sound_file_close};
    sound->source = source;
    int status = open_file(sound, err);
    if (status) {
        sound_file_close(&sound->base);
        return status;
    }
    *out = &sound->base;
    return DIARIST_OK;
}
