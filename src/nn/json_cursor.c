/* json_cursor.c - reads JSON from memory piece by piece, strictly.
 * SPDX-License-Identifier: MIT */
#include "nn/json_cursor.h"

static void skip_space(struct dr_cursor *json) {
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t'))
        json->at++;
}

int dr_cursor_take(struct dr_cursor *json, char c) {
    skip_space(json);
    if (json->at == json->end || *json->at != (unsigned char)c)
        return 0;
    json->at++;
    return 1;
}

int dr_cursor_at_end(struct dr_cursor *json) {
    skip_space(json);
    return json->at == json->end;
}

int dr_cursor_uint(struct dr_cursor *json, uint64_t *value) {
    skip_space(json);
    const unsigned char *first = json->at;
    uint64_t number = 0;
    for (; json->at < json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
        unsigned digit = *json->at - (unsigned)'0';
        if (number > (UINT64_MAX - digit) / 10)
            return 0;
        number = 10 * number + digit;
    }
    size_t num_digits = (size_t)(json->at - first);
    if (num_digits == 0 || (num_digits > 1 && *first == '0'))
        return 0;
    *value = number;
    return 1;
}

/* ---- strings ------------------------------------------------------------------------------ */

static void put_utf8(char **out, uint32_t code) {
    unsigned char *p = (unsigned char *)*out;
    if (code < 0x80) {
        *p++ = (unsigned char)code;
    } else if (code < 0x800) {
        *p++ = (unsigned char)(0xc0 | code >> 6);
        *p++ = (unsigned char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *p++ = (unsigned char)(0xe0 | code >> 12);
        *p++ = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        *p++ = (unsigned char)(0x80 | (code & 0x3f));
    } else {
        *p++ = (unsigned char)(0xf0 | code >> 18);
        *p++ = (unsigned char)(0x80 | (code >> 12 & 0x3f));
        *p++ = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        *p++ = (unsigned char)(0x80 | (code & 0x3f));
    }
    *out = (char *)p;
}

/* The value of a hexadecimal digit, 16 of any other character. */
static uint32_t hex_digit(unsigned char c) {
    if (c >= '0' && c <= '9')
        return c - (uint32_t)'0';
    if (c >= 'a' && c <= 'f')
        return c - (uint32_t)'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - (uint32_t)'A' + 10;
    return 16;
}

static int read_hex4(struct dr_cursor *json, uint32_t *value) {
    if (json->end - json->at < 4)
        return 0;
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t digit = hex_digit(*json->at++);
        if (digit == 16)
            return 0;
        *value = *value << 4 | digit;
    }
    return 1;
}

/* After "\u": one code point, from two escapes where it needs a surrogate pair. */
static int read_unicode_escape(struct dr_cursor *json, char **out) {
    uint32_t code, low;
    if (!read_hex4(json, &code))
        return 0;
    if (code >= 0xd800 && code < 0xdc00) {
        if (json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u')
            return 0;
        json->at += 2;
        if (!read_hex4(json, &low) || low < 0xdc00 || low > 0xdfff)
            return 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code == 0 || (code >= 0xdc00 && code <= 0xdfff)) {
        return 0;
    }
    put_utf8(out, code);
    return 1;
}

/* After a backslash. */
static int read_escape(struct dr_cursor *json, char **out) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (json->at == json->end)
        return 0;
    unsigned char c = *json->at++;
    if (c == 'u')
        return read_unicode_escape(json, out);
    for (size_t i = 0; names[i]; i++)
        if (c == (unsigned char)names[i]) {
            *(*out)++ = values[i];
            return 1;
        }
    return 0;
}

/* Copies one character of more than one byte; refuses overlong forms, surrogates and codes above
 * U+10FFFF (RFC 3629). */
static int read_utf8(struct dr_cursor *json, char **out) {
    unsigned char c = json->at[0];
    int num_bytes = c >= 0xc2 && c <= 0xdf   ? 2
                    : c >= 0xe0 && c <= 0xef ? 3
                    : c >= 0xf0 && c <= 0xf4 ? 4
                                             : 0;
    if (num_bytes == 0 || json->end - json->at < num_bytes)
        return 0;
    unsigned char second = json->at[1];
    if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
        (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
        return 0;
    *(*out)++ = (char)c;
    for (int i = 1; i < num_bytes; i++) {
        if ((json->at[i] & 0xc0) != 0x80)
            return 0;
        *(*out)++ = (char)json->at[i];
    }
    json->at += num_bytes;
    return 1;
}

const char *dr_cursor_string(struct dr_cursor *json, size_t *length) {
    if (!dr_cursor_take(json, '"'))
        return NULL;
    const char *string = json->pool;
    char *out = json->pool;
    while (json->at < json->end && *json->at != '"') {
        int ok;
        if (*json->at == '\\') {
            json->at++;
            ok = read_escape(json, &out);
        } else if (*json->at >= 0x80) {
            ok = read_utf8(json, &out);
        } else {
            ok = *json->at >= ' ';
            *out++ = (char)*json->at++;
        }
        if (!ok)
            return NULL;
    }
    if (!dr_cursor_take(json, '"'))
        return NULL;
    *length = (size_t)(out - string);
    *out++ = '\0';
    json->pool = out;
    return string;
}
