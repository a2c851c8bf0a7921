/* sniff.c - what an input is, told from its first bytes alone.
 * SPDX-License-Identifier: MIT
 *
 * Text, zeros -> magic numbers -> WAV by its format tag, Ogg by its codec -> MPEG frames ->
 * unknown. MPEG audio comes last as it has no magic number: any bytes hold something like a frame
 * header, so three of them must follow each other at the right distances. */
#include "audio/sniff.h"

#include <string.h>

enum {
    TEXT_PROBE = 512,  /* bytes; compressed audio has a control character in so many */
    MPEG_PROBE = 4096, /* bytes before the first frame: a frame cut in two, padding */
    MPEG_FRAMES = 3
};

static bool is_text(const uint8_t *head, size_t num) {
    for (size_t i = 0; i < num && i < TEXT_PROBE; i++)
        if ((head[i] < ' ' && !strchr("\t\n\r\f\033", head[i])) || head[i] == 0x7f || !head[i])
            return false;
    return true;
}

static bool is_zeros(const uint8_t *head, size_t num) {
    return !head[0] && !memcmp(head, head + 1, num - 1);
}

/* Length in bytes of an MPEG audio frame, 0 when this is no header; ISO 11172-3 and 13818-3.
 * *signature: what stays the same from frame to frame (version, layer, rate). */
static size_t mpeg_frame_length(const uint8_t *h, uint32_t *signature) {
    static const uint16_t kbps[5][16] = {
        {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0}, /* 1, layer 1 */
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0},    /* 1, layer 2 */
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},     /* 1, layer 3 */
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0},    /* 2, layer 1 */
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}};        /* 2, 2 and 3 */
    static const uint16_t rates[3] = {44100, 48000, 32000};
    int version = h[1] >> 3 & 3, layer = 4 - (h[1] >> 1 & 3), rate_index = h[2] >> 2 & 3;
    if (h[0] != 0xff || h[1] < 0xe0 || version == 1 || layer == 4 || rate_index == 3)
        return 0;
    bool is_mpeg1 = version == 3;
    size_t bitrate = kbps[is_mpeg1 ? layer - 1 : layer == 1 ? 3 : 4][h[2] >> 4] * (size_t)1000;
    size_t rate = (size_t)rates[rate_index] >> (is_mpeg1 ? 0 : version == 2 ? 1 : 2);
    size_t padding = h[2] >> 1 & 1;
    if (!bitrate)
        return 0;
    *signature = (uint32_t)h[1] >> 1 << 8 | (uint32_t)rate_index;
    if (layer == 1)
        return (12 * bitrate / rate + padding) * 4;
    return (layer == 3 && !is_mpeg1 ? 72 : 144) * bitrate / rate + padding;
}

/* Do frames follow each other from here on? Fewer than MPEG_FRAMES will do if they fill the file.
 */
static bool is_mpeg_chain(const uint8_t *head, size_t num, bool whole) {
    uint32_t first = 0, signature = 0;
    size_t at = 0;
    for (int i = 0; i < MPEG_FRAMES; i++) {
        if (num < 4 || at > num - 4)
            return whole && i > 0;
        size_t length = mpeg_frame_length(head + at, &signature);
        if (!length || (i > 0 && signature != first))
            return false;
        first = signature;
        at += length;
    }
    return true;
}

static bool find_mpeg(const uint8_t *head, size_t num, bool whole, uint64_t *offset) {
    for (size_t at = 0; at < MPEG_PROBE && at < num; at++) {
        /* A lone frame must be all there is. */
        if (is_mpeg_chain(head + at, num - at, whole && at == 0)) {
            *offset = at;
            return true;
        }
    }
    return false;
}

static bool matches(const uint8_t *head, size_t num, size_t offset, const char *magic,
                    size_t length) {
    return offset <= num && length <= num - offset && !memcmp(head + offset, magic, length);
}

static struct dr_sniffed sniff_magic(const uint8_t *head, size_t num) {
#define MAGIC(offset, bytes, content, name) \
    { offset, bytes, sizeof bytes - 1, content, name }
    static const struct {
        size_t offset;
        const char *bytes;
        size_t length;
        enum dr_content content;
        const char *name;
    } magics[] = {
        MAGIC(0, "fLaC", DR_CONTENT_SNDFILE, "FLAC"),
        MAGIC(8, "AIFF", DR_CONTENT_SNDFILE, "AIFF"),
        MAGIC(8, "AIFC", DR_CONTENT_SNDFILE, "AIFF-C"),
        MAGIC(0, ".snd", DR_CONTENT_SNDFILE, "AU"),
        MAGIC(0, "dns.", DR_CONTENT_SNDFILE, "AU"),
        MAGIC(0, "caff", DR_CONTENT_SNDFILE, "CAF"),
        MAGIC(0, "riff\x2e\x91\xcf\x11", DR_CONTENT_SNDFILE, "W64"),
        MAGIC(0, "NIST_1A", DR_CONTENT_SNDFILE, "SPHERE"),
        MAGIC(0, "Creative Voice File", DR_CONTENT_SNDFILE, "VOC"),
        MAGIC(0, "#EXTM3U", DR_CONTENT_TEXT, "playlist"),
        MAGIC(0, "ffconcat", DR_CONTENT_TEXT, "playlist"),
        MAGIC(0, "OggS", DR_CONTENT_CONTAINER, "Ogg"),
        MAGIC(4, "ftyp", DR_CONTENT_CONTAINER, "MP4"),
        MAGIC(4, "moov", DR_CONTENT_CONTAINER, "QuickTime"),
        MAGIC(4, "mdat", DR_CONTENT_CONTAINER, "QuickTime"),
        MAGIC(4, "wide", DR_CONTENT_CONTAINER, "QuickTime"),
        MAGIC(0, "\x1a\x45\xdf\xa3", DR_CONTENT_CONTAINER, "Matroska or WebM"),
        MAGIC(8, "AVI ", DR_CONTENT_CONTAINER, "AVI"),
        MAGIC(0, "FLV\x01", DR_CONTENT_CONTAINER, "FLV"),
        MAGIC(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", DR_CONTENT_CONTAINER, "WMA or ASF"),
        MAGIC(0, "wvpk", DR_CONTENT_CONTAINER, "WavPack"),
        MAGIC(0, "TTA1", DR_CONTENT_CONTAINER, "TTA"),
        MAGIC(0, "MAC ", DR_CONTENT_CONTAINER, "Monkey's Audio"),
        MAGIC(0, "#!AMR", DR_CONTENT_CONTAINER, "AMR"),
        MAGIC(0, "\x00\x00\x01\xba", DR_CONTENT_CONTAINER, "MPEG program stream"),
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (matches(head, num, magics[i].offset, magics[i].bytes, magics[i].length))
            return (struct dr_sniffed){magics[i].content, magics[i].name, 0};
    /* Transport streams: a sync byte every 188. */
    if (num > 376 && head[0] == 0x47 && head[188] == 0x47 && head[376] == 0x47)
        return (struct dr_sniffed){DR_CONTENT_CONTAINER, "MPEG transport stream", 0};
    return (struct dr_sniffed){DR_CONTENT_UNKNOWN, NULL, 0};
#undef MAGIC
}

/* The decoder of a WAV depends on the format tag of its fmt chunk; wav.c reports broken headers. */
static struct dr_sniffed sniff_wav(const uint8_t *head, size_t num) {
    const struct dr_sniffed wav = {DR_CONTENT_WAV, "WAV", 0};
    uint64_t at = 12;
    if (head[3] == 'X')
        return wav;
    while (at + 8 + 26 <= num) {
        const uint8_t *b = head + at;
        uint64_t size = b[4] | (uint64_t)b[5] << 8 | (uint64_t)b[6] << 16 | (uint64_t)b[7] << 24;
        if (!memcmp(b, "fmt ", 4)) {
            unsigned tag = b[8] | (unsigned)b[9] << 8;
            if (tag == 0xfffe && size >= 26)
                tag = b[8 + 24] | (unsigned)b[8 + 25] << 8;
            switch (tag) {
            case 1: /* PCM, float, A-law, mu-law */
            case 3:
            case 6:
            case 7:
                return wav;
            case 0x02: /* Microsoft ADPCM, IMA ADPCM, GSM 6.10 */
            case 0x11:
            case 0x31:
                return (struct dr_sniffed){DR_CONTENT_SNDFILE, "compressed WAV", 0};
            default:
                return (struct dr_sniffed){DR_CONTENT_CONTAINER, "compressed WAV", 0};
            }
        }
        at += 8 + size + (size & 1);
    }
    return wav;
}

static struct dr_sniffed sniff_ogg(const uint8_t *head, size_t num) {
    /* The first page holds one packet, which begins behind 27 bytes and one segment length. */
    if (matches(head, num, 28, "\x01vorbis", 7))
        return (struct dr_sniffed){DR_CONTENT_SNDFILE, "Ogg Vorbis", 0};
    if (matches(head, num, 28, "OpusHead", 8))
        return (struct dr_sniffed){DR_CONTENT_SNDFILE, "Opus", 0};
    return (struct dr_sniffed){DR_CONTENT_CONTAINER, "Ogg", 0};
}

struct dr_sniffed dr_sniff(const uint8_t *head, size_t num, bool whole) {
    uint64_t offset;
    if (!num)
        return (struct dr_sniffed){DR_CONTENT_EMPTY, NULL, 0};
    if (is_zeros(head, num))
        return (struct dr_sniffed){DR_CONTENT_ZEROS, NULL, 0};
    if (num >= 4 &&
        (!memcmp(head, "RIF", 3) || !memcmp(head, "RF64", 4) || !memcmp(head, "BW64", 4)) &&
        (num < 12 || !memcmp(head + 8, "WAVE", 4)))
        return sniff_wav(head, num);
    if (num >= 10 && !memcmp(head, "ID3", 3)) {
        uint64_t size = (uint64_t)(head[6] & 127) << 21 | (uint64_t)(head[7] & 127) << 14 |
                        (uint64_t)(head[8] & 127) << 7 | (head[9] & 127);
        return (struct dr_sniffed){DR_CONTENT_ID3, "ID3", 10 + size + (head[5] & 16 ? 10 : 0)};
    }
    struct dr_sniffed sniffed = sniff_magic(head, num);
    if (sniffed.content == DR_CONTENT_CONTAINER && !strcmp(sniffed.format, "Ogg"))
        return sniff_ogg(head, num);
    if (sniffed.content != DR_CONTENT_UNKNOWN)
        return sniffed;
    if (is_text(head, num))
        return (struct dr_sniffed){DR_CONTENT_TEXT, "text", 0};
    if (find_mpeg(head, num, whole, &offset))
        return (struct dr_sniffed){DR_CONTENT_MPEG, "MPEG audio", offset};
    return sniffed;
}
