/* secrets.c - what must not be published.
 * SPDX-License-Identifier: MIT
 *
 * Every place where a word begins is tried; what is found must have the length and the mixture of
 * characters of the real thing, so that prose and code do not look like it. */
#include "secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Bytes from a place on: [at, end). */
struct span {
    const char *at, *end;
};

static bool begins(struct span span, const char *text) {
    size_t n = strlen(text);
    return (size_t)(span.end - span.at) >= n && !memcmp(span.at, text, n);
}

static size_t length_of(struct span span) {
    return (size_t)(span.end - span.at);
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* ---- tokens by their form ----------------------------------------------------------------- */

enum { DIGIT = 1, UPPER = 2 }; /* must be among the characters */

static const struct form {
    const char *prefix;
    const char *others; /* characters besides letters and digits */
    size_t least;       /* after the prefix */
    int needs;
    const char *kind;
} forms[] = {
    {"AKIA", "", 16, DIGIT, "AWS access key"},
    {"ASIA", "", 16, DIGIT, "AWS access key"},
    {"ghp_", "", 36, 0, "GitHub token"},
    {"gho_", "", 36, 0, "GitHub token"},
    {"ghu_", "", 36, 0, "GitHub token"},
    {"ghs_", "", 36, 0, "GitHub token"},
    {"ghr_", "", 36, 0, "GitHub token"},
    {"github_pat_", "_", 40, DIGIT, "GitHub token"},
    {"glpat-", "_-", 20, 0, "GitLab token"},
    {"hf_", "", 30, UPPER, "Hugging Face token"},
    {"sk-", "_-", 20, DIGIT | UPPER, "API key (sk-)"},
    {"sk_live_", "", 16, DIGIT, "Stripe key"},
    {"rk_live_", "", 16, DIGIT, "Stripe key"},
    {"xoxb-", "-", 20, DIGIT, "Slack token"},
    {"xoxp-", "-", 20, DIGIT, "Slack token"},
    {"xoxa-", "-", 20, DIGIT, "Slack token"},
    {"xoxs-", "-", 20, DIGIT, "Slack token"},
    {"AIza", "_-", 35, 0, "Google API key"},
    {"ya29.", "_-", 20, DIGIT, "Google OAuth token"},
    {"npm_", "", 36, 0, "npm token"},
    {"pypi-AgE", "_-", 50, 0, "PyPI token"},
    {"fm2_", "+/=,", 40, DIGIT, "Fly.io token"},
    {"fo1_", "_-", 30, DIGIT, "Fly.io token"},
    {"dckr_pat_", "_-", 20, 0, "Docker token"},
    {"SG.", "._-", 50, DIGIT, "SendGrid key"},
    {"PuTTY-User-Key-File-", "", 1, 0, "private key"},
};

/* How many characters of a kind there are; *needed: which needs they meet. */
static size_t run_of(struct span span, const char *others, int *met) {
    const char *c = span.at;
    *met = 0;
    for (; c < span.end && *c && (isalnum((unsigned char)*c) || strchr(others, *c)); c++)
        *met |= isdigit((unsigned char)*c) ? DIGIT : isupper((unsigned char)*c) ? UPPER : 0;
    return (size_t)(c - span.at);
}

static const char *find_form(struct span span) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *form = &forms[i];
        int met;
        if (*span.at != *form->prefix || !begins(span, form->prefix))
            continue;
        struct span rest = {span.at + strlen(form->prefix), span.end};
        if (run_of(rest, form->others, &met) >= form->least && !(form->needs & ~met))
            return form->kind;
    }
    return NULL;
}

/* A JSON web token: three parts of base64url, the first two of them JSON objects. */
static const char *find_jwt(struct span span) {
    if (!begins(span, "eyJ"))
        return NULL;
    for (int part = 0; part < 3; part++) {
        int met;
        size_t n = run_of(span, "_-", &met);
        if (n < 10 || (part == 1 && !begins(span, "eyJ")))
            return NULL;
        span.at += n;
        if (part < 2 && (span.at == span.end || *span.at++ != '.'))
            return NULL;
    }
    return "JSON web token";
}

/* "-----BEGIN RSA PRIVATE KEY-----" and a line's end, which may be written as a backslash and an n:
 * the header alone, in quotes, is talk about keys. */
static const char *find_private_key(struct span span) {
    static const char words[] = "PRIVATE KEY";
    if (!begins(span, "-----BEGIN "))
        return NULL;
    span.at += 11;
    for (int i = 0; i < 32 && span.at < span.end && !begins(span, words); i++, span.at++)
        if (*span.at != ' ' && !isupper((unsigned char)*span.at) &&
            !isdigit((unsigned char)*span.at))
            return NULL;
    if (!begins(span, words))
        return NULL;
    span.at += sizeof words - 1;
    span.at += begins(span, " BLOCK") ? 6 : 0;
    if (!begins(span, "-----"))
        return NULL;
    span.at += 5;
    return span.at == span.end || isspace((unsigned char)*span.at) || *span.at == '\\'
               ? "private key"
               : NULL;
}

/* ---- values ------------------------------------------------------------------------------- */

/* Whether needle, in lower case, is in the span in any case. */
static bool holds(struct span span, const char *needle) {
    size_t n = strlen(needle);
    for (; (size_t)(span.end - span.at) >= n; span.at++)
        if (!strncasecmp(span.at, needle, n))
            return true;
    return false;
}

/* Nothing, the form of a variable, or one character again and again. */
static bool is_blank(struct span value) {
    bool alike = true;
    if (value.at == value.end || strchr("<${%[(", *value.at))
        return true;
    for (const char *c = value.at; c < value.end; c++)
        alike = alike && *c == *value.at;
    return alike;
}

/* Does it stand for a value that somebody is to fill in? */
static bool is_placeholder(struct span value) {
    static const char *const words[] = {
        "example", "placeholder", "changeme", "change-me", "change_me", "your",     "xxx",   "...",
        "dummy",   "redacted",    "***",      "hidden",    "todo_",     "password", "secret"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (holds(value, words[i]))
            return true;
    return is_blank(value);
}

/* A password that holds such a word may be real. */
static bool is_sample_password(struct span value) {
    static const char *const words[] = {"pass",    "passwd",    "password", "secret", "changeme",
                                        "example", "password1", "hidden",   "dummy"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(value, words[i]) && length_of(value) == strlen(words[i]))
            return true;
    return is_blank(value);
}

/* Digits and letters, and nothing of program text. */
static bool looks_random(struct span value) {
    bool digit = false, letter = false;
    for (const char *c = value.at; c < value.end; c++) {
        if (strchr("()[]{}<>;,\\`", *c) || (unsigned char)*c >= 0x80)
            return false;
        digit = digit || isdigit((unsigned char)*c);
        letter = letter || isalpha((unsigned char)*c);
    }
    return digit && letter;
}

/* Up to a blank, quote or line's end; at most 512 bytes. */
static struct span value_at(struct span span) {
    struct span value = {span.at, span.at};
    while (value.end < span.end && value.end < span.at + 512 && (unsigned char)*value.end > ' ' &&
           !strchr("\"'`", *value.end))
        value.end++;
    return value;
}

/* "Authorization: Bearer VALUE" */
static const char *find_header(struct span span) {
    static const char *const schemes[] = {"Bearer ", "Basic "};
    for (size_t i = 0; i < 2; i++) {
        if (!begins(span, schemes[i]))
            continue;
        struct span value = value_at((struct span){span.at + strlen(schemes[i]), span.end});
        if (length_of(value) >= 16 && looks_random(value) && !is_placeholder(value))
            return "authorization header";
    }
    return NULL;
}

/* "://USER:PASSWORD@HOST"; a password that is the user's name, or for this machine, protects
 * nothing. */
static const char *find_url(struct span span) {
    if (!begins(span, "://"))
        return NULL;
    struct span url = value_at((struct span){span.at + 3, span.end}), user = {url.at, url.at};
    while (user.end < url.end && !strchr(":@/?#", *user.end))
        user.end++;
    if (user.end == url.end || *user.end != ':')
        return NULL;
    struct span password = {user.end + 1, user.end + 1};
    while (password.end < url.end && !strchr("@/?#", *password.end))
        password.end++;
    if (password.end == url.end || *password.end != '@' || length_of(password) < 3)
        return NULL;
    struct span host = {password.end + 1, url.end};
    bool same =
        length_of(user) == length_of(password) && !memcmp(user.at, password.at, length_of(user));
    if (same || begins(host, "localhost") || begins(host, "127.0.0.1") ||
        is_sample_password(password))
        return NULL;
    return "password in a URL";
}

/* ---- names that are given values ---------------------------------------------------------- */

static bool is_secret_name(struct span name) {
    static const char *const words[] = {"secret",     "password",    "passwd",      "token",
                                        "api_key",    "apikey",      "api-key",     "access_key",
                                        "access-key", "private_key", "private-key", "credential"};
    /* What such a name may say about a secret without being one. */
    static const char *const about[] = {"hash", "sha256", "count", "limit", "length", "file",
                                        "path", "url",    "type",  "name",  "header", "tokenizer"};
    for (size_t i = 0; i < sizeof about / sizeof *about; i++)
        if (holds(name, about[i]))
            return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (holds(name, words[i]))
            return true;
    return false;
}

static void skip(struct span *span, const char *characters) {
    while (span->at < span->end && *span->at && strchr(characters, *span->at))
        span->at++;
}

/* NAME=value as in .env; or name: value, "name": "value", name = 'value'. */
static const char *find_assignment(struct span span) {
    struct span name = {span.at, span.at};
    bool upper = true;
    while (name.end < span.end && name.end < span.at + 64 &&
           (is_word(*name.end) || *name.end == '-' || *name.end == '.')) {
        upper = upper && !islower((unsigned char)*name.end);
        name.end++;
    }
    struct span rest = {name.end, span.end};
    bool bare = rest.at < rest.end && *rest.at == '=';
    skip(&rest, "\"' \t");
    if (rest.at == rest.end || (*rest.at != '=' && *rest.at != ':') || !is_secret_name(name))
        return NULL;
    rest.at++;
    skip(&rest, "\"' \t");
    struct span value = value_at(rest);
    bool environment = upper && bare && length_of(value) >= 8 && !strchr("(", *value.at);
    if (!environment && (length_of(value) < 12 || !looks_random(value)))
        return NULL;
    return is_placeholder(value) ? NULL : "value of a secret name";
}

/* ---- texts -------------------------------------------------------------------------------- */

static const char *find(struct span span, bool word_begins) {
    const char *kind = NULL;
    if (*span.at == ':')
        return find_url(span);
    if (*span.at == '-')
        return find_private_key(span);
    if (!word_begins || !is_word(*span.at))
        return NULL;
    kind = find_form(span);
    if (!kind)
        kind = find_jwt(span);
    if (!kind)
        kind = find_header(span);
    return kind ? kind : find_assignment(span);
}

size_t bench_scan_text(const char *text, size_t size, size_t begin, size_t end, size_t line,
                       bench_secret_fn *found, void *data) {
    const char *last = NULL;
    for (size_t i = 0; i < end; i++) {
        if (text[i] == '\n') {
            line++;
            last = NULL;
        } else if (i >= begin) {
            bool word_begins = i == 0 || (!is_word(text[i - 1]) && text[i - 1] != '-');
            const char *kind = find((struct span){text + i, text + size}, word_begins);
            if (kind && kind != last)
                found(data, line, kind);
            last = kind ? kind : last;
        }
    }
    return line;
}

const char *bench_secret_file(const char *name) {
    static const char *const names[] = {".netrc", ".pgpass", ".git-credentials", ".htpasswd"};
    static const char *const harmless[] = {".example", ".sample", ".template", ".dist"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return "file of credentials";
    if (strcmp(name, ".env") && strncmp(name, ".env.", 5))
        return NULL;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strstr(name, harmless[i]))
            return NULL;
    return "environment file";
}
