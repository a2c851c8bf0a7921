/* fuzz_zip.c - bytes as a zip archive: its directory, then every entry unpacked.
 * SPDX-License-Identifier: MIT */
#include "import/zip.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dr_arena arena = {NULL};
    struct dr_zip zip;
    diarist_error err = {0};
    int status = dr_zip_open(&zip, data, size, &arena, &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    static volatile unsigned sum; /* so that every byte is read */
    for (size_t i = 0; !status && i < zip.num_entries; i++) {
        struct dr_zip_entry *entry = &zip.entries[i];
        diarist_error entry_err = {0};
        int entry_status = dr_zip_read(&zip, entry, &entry_err);
        FUZZ_CHECK(entry_status == entry_err.status && !entry_status == (entry->content != NULL));
        FUZZ_CHECK(!entry_status || fuzz_is_line(entry_err.message));
        for (uint64_t k = 0; !entry_status && k < entry->size; k++)
            sum += entry->content[k];
        FUZZ_CHECK(dr_zip_find(&zip, entry->name));
    }
    dr_arena_free(&arena);
    return 0;
}
