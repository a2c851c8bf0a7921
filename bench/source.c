/* source.c - the files of a folder or an archive.
 * SPDX-License-Identifier: MIT */
#include "source.h"

#include "libarchive.h"
#include "common/fail.h"
#include "files.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ENTRIES = 200000, MAX_DEPTH = 16, BLOCK = 64 * 1024 };
/* Recorded sound shrinks to a third at best, silence to a thousandth. */
enum { MAX_RATIO = 100 };
static const uint64_t SMALL_BYTES = 64 << 20; /* whatever the ratio */

struct bench_source {
    const char *path;
    const struct bench_archive_library *library; /* NULL: a folder */
    struct archive *archive;
    const char *file;        /* of the folder's entry */
    uint64_t archive_bytes;  /* size of the archive */
    uint64_t unpacked_bytes; /* what its entries say so far */
    size_t num_entries;
    bench_entry_fn *take;
    void *data;
    struct bench_names *skipped;
};

static int count_entry(struct bench_source *source, diarist_error *err) {
    if (++source->num_entries <= MAX_ENTRIES)
        return DIARIST_OK;
    return common_fail(err, DIARIST_ERROR_INPUT, "%s: holds over %d files; is it the right one?",
                       source->path, MAX_ENTRIES);
}

/* ---- folders ------------------------------------------------------------------------------- */

static int walk_folder(struct bench_source *source, const char *inside, int depth,
                       diarist_error *err);

/* inside: path of the folder in the source, "" for itself. */
static int walk_one(struct bench_source *source, const char *inside, const char *name, int depth,
                    diarist_error *err) {
    struct stat st;
    char *path = bench_text_of("%s%s%s", inside, *inside ? "/" : "", name);
    char *file = path ? bench_text_of("%s/%s", source->path, path) : NULL;
    int status = file ? count_entry(source, err) : common_fail_memory(err);
    /* Links to files are files; links to folders might lead in circles. */
    if (!status && !lstat(file, &st) && S_ISDIR(st.st_mode)) {
        status = walk_folder(source, path, depth + 1, err);
    } else if (!status && !stat(file, &st) && S_ISREG(st.st_mode) && bench_is_utf8(path)) {
        struct bench_entry entry = {.path = path, .size = (uint64_t)st.st_size, .source = source};
        source->file = file;
        status = source->take(source->data, &entry, err);
    }
    free(file);
    free(path);
    return status;
}

static int walk_folder(struct bench_source *source, const char *inside, int depth,
                       diarist_error *err) {
    struct bench_names names = {0};
    char *folder = bench_text_of("%s%s%s", source->path, *inside ? "/" : "", inside);
    int status = folder ? DIARIST_OK : common_fail_memory(err);
    if (!status && depth > MAX_DEPTH)
        status = common_fail(err, DIARIST_ERROR_INPUT,
                             "%s: folders lie more than %d deep; give one further down", folder,
                             MAX_DEPTH);
    if (!status)
        status = bench_folder_names(&names, folder, err);
    for (size_t i = 0; !status && i < names.num; i++)
        status = walk_one(source, inside, names.names[i], depth, err);
    bench_names_free(&names);
    free(folder);
    return status;
}

/* ---- archives ------------------------------------------------------------------------------ */

static int fail_archive(const struct bench_source *source, diarist_error *err) {
    const char *reason = source->library->error_string(source->archive);
    return common_fail(err, DIARIST_ERROR_INPUT,
                       "%s: cannot be unpacked: %s; get it again, or give the unpacked folder",
                       source->path, reason ? reason : "it is damaged");
}

/* Absolute, or with a part "..", whichever slashes. */
static bool leads_out(const char *path) {
    if (*path == '/' || *path == '\\' || (path[0] && path[1] == ':'))
        return true;
    for (const char *part = path; *part;) {
        size_t n = strcspn(part, "/\\");
        if (n == 2 && part[0] == '.' && part[1] == '.')
            return true;
        part += n + (part[n] != 0);
    }
    return false;
}

static bool is_plain_text(const char *path) {
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ')
            return false;
    return bench_is_utf8(path);
}

static int check_entry(struct bench_source *source, struct archive_entry *entry, const char *path,
                       diarist_error *err) {
    int status = count_entry(source, err);
    if (status)
        return status;
    if (!path || !is_plain_text(path))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: a name in it is not UTF-8; give the unpacked folder", source->path);
    if (leads_out(path))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: its entry %s leads out of the archive; do not trust it",
                           source->path, path);
    if (source->library->entry_is_encrypted(entry))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: its entry %s is encrypted; give the unpacked folder", source->path,
                           path);
    int64_t size =
        source->library->entry_size_is_set(entry) ? source->library->entry_size(entry) : 0;
    source->unpacked_bytes += size > 0 ? (uint64_t)size : 0;
    if (source->unpacked_bytes > SMALL_BYTES &&
        source->unpacked_bytes / MAX_RATIO > source->archive_bytes)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: unpacks to over %d times its size; if that is right, give the "
                           "unpacked folder",
                           source->path, MAX_RATIO);
    return DIARIST_OK;
}

static int skip_entry(struct bench_source *source, const char *path, diarist_error *err) {
    char *text = bench_text_of("%s: no plain file", path);
    int status = text ? bench_names_add(source->skipped, text, err) : common_fail_memory(err);
    free(text);
    return status;
}

static int take_archived(struct bench_source *source, struct archive_entry *archived,
                         diarist_error *err) {
    const char *path = source->library->entry_pathname_utf8(archived);
    int status = check_entry(source, archived, path, err);
    if (status || source->library->entry_filetype(archived) == AE_IFDIR)
        return status;
    if (source->library->entry_filetype(archived) != AE_IFREG ||
        source->library->entry_hardlink(archived))
        return skip_entry(source, path, err);
    const char *name = bench_path_name(path);
    if (!*name || *name == '.')
        return DIARIST_OK;
    struct bench_entry entry = {
        .path = path, .size = (uint64_t)source->library->entry_size(archived), .source = source};
    return source->take(source->data, &entry, err);
}

static int open_archive(struct bench_source *source, diarist_error *err) {
    struct stat st;
    const struct bench_archive_library *library = source->library = bench_archive_library(err);
    if (!library)
        return DIARIST_ERROR_LIMIT;
    struct archive *archive = source->archive = library->read_new();
    if (!archive)
        return common_fail_memory(err);
    if (bench_file_check(source->path, err))
        return DIARIST_ERROR_INPUT;
    if (stat(source->path, &st))
        return common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be read: %s; give another",
                           source->path, strerror(errno));
    source->archive_bytes = (uint64_t)st.st_size;
    library->read_support_filter_gzip(archive);
    library->read_support_filter_bzip2(archive);
    library->read_support_filter_xz(archive);
    library->read_support_filter_zstd(archive);
    library->read_support_format_tar(archive);
    library->read_support_format_zip(archive);
    library->read_set_options(archive, "hdrcharset=UTF-8");
    return library->read_open_filename(archive, source->path, BLOCK) ? fail_archive(source, err)
                                                                     : DIARIST_OK;
}

/* libarchive converts names to the thread's encoding, which is ASCII unless told otherwise. */
static int walk_archive(struct bench_source *source, diarist_error *err) {
    struct archive_entry *entry;
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    int status = open_archive(source, err), read = ARCHIVE_OK;
    while (!status &&
           (read = source->library->read_next_header(source->archive, &entry)) != ARCHIVE_EOF) {
        /* A warning: a name could not be converted; then there is none. */
        if (read < ARCHIVE_WARN)
            status = fail_archive(source, err);
        else
            status = take_archived(source, entry, err);
    }
    if (source->library)
        source->library->read_free(source->archive);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return status;
}

int bench_source_walk(const char *path, bench_entry_fn *take, void *data,
                      struct bench_names *skipped, diarist_error *err) {
    struct bench_source source = {.path = path, .take = take, .data = data, .skipped = skipped};
    return bench_is_folder(path) ? walk_folder(&source, "", 0, err) : walk_archive(&source, err);
}

/* ---- saving -------------------------------------------------------------------------------- */

static int fail_save(const char *to, int reason, diarist_error *err) {
    return common_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be written: %s; make room there", to,
                       strerror(reason));
}

/* The next bytes of an entry, 0 at its end, -1 when it is broken. */
static ssize_t next_bytes(const struct bench_source *source, int from, void *block, size_t size) {
    ssize_t n;
    if (source->archive)
        return source->library->read_data(source->archive, block, size);
    do
        n = read(from, block, size);
    while (n < 0 && errno == EINTR);
    return n;
}

static int copy(struct bench_entry *entry, int from, int fd, const char *to, uint64_t limit,
                diarist_error *err) {
    const struct bench_source *source = entry->source;
    char *block = malloc(BLOCK);
    uint64_t copied = 0;
    int status = block ? DIARIST_OK : common_fail_memory(err);
    while (!status) {
        ssize_t n = next_bytes(source, from, block, BLOCK);
        if (n == 0)
            break;
        if (n < 0)
            status = source->archive ? fail_archive(source, err)
                                     : common_fail(err, DIARIST_ERROR_INPUT,
                                                   "%s: cannot be read: %s; try again",
                                                   source->file, strerror(errno));
        else if ((copied += (uint64_t)n) > limit)
            status = common_fail(err, DIARIST_ERROR_INPUT,
                                 "%s: %s is larger than %llu bytes; is it the right one?",
                                 source->path, entry->path, (unsigned long long)limit);
        for (ssize_t done = 0; !status && done < n;) {
            ssize_t wrote = write(fd, block + done, (size_t)(n - done));
            if (wrote < 0 && errno != EINTR)
                status = fail_save(to, errno, err);
            done += wrote > 0 ? wrote : 0;
        }
    }
    free(block);
    return status;
}

int bench_entry_save(struct bench_entry *entry, const char *to, uint64_t limit,
                     diarist_error *err) {
    const struct bench_source *source = entry->source;
    int from = -1;
    if (entry->size > limit)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: %s is larger than %llu bytes; is it the right one?", source->path,
                           entry->path, (unsigned long long)limit);
    if (!source->archive) {
        if (!linkat(AT_FDCWD, source->file, AT_FDCWD, to, AT_SYMLINK_FOLLOW))
            return DIARIST_OK;
        if ((from = open(source->file, O_RDONLY | O_CLOEXEC)) < 0)
            return common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be read: %s; try again",
                               source->file, strerror(errno));
    }
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int status = fd < 0 ? fail_save(to, errno, err) : copy(entry, from, fd, to, limit, err);
    if (fd >= 0 && close(fd) && !status)
        status = fail_save(to, errno, err);
    if (from >= 0)
        close(from);
    return status;
}
