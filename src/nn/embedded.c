/* embedded.c - the model set that was put into the program when it was built.
 * SPDX-License-Identifier: MIT
 *
 * nn/embedded_model.h is made by the build: it names the file and holds its SHA-256, so that this
 * file is compiled again when the model's bytes change; without -Dembed_model=true it is empty. */
#include "nn/weights.h"

#include "nn/embedded_model.h"

#ifdef DR_MODEL_FILE

/* The file goes into the read-only data as it is; a C array of it would take a compiler minutes. */
__asm__(".pushsection .rodata.diarist_model, \"a\", %progbits\n"
        ".balign 64\n"
        ".globl dr_embedded_begin\n"
        ".hidden dr_embedded_begin\n"
        ".type dr_embedded_begin, %object\n"
        "dr_embedded_begin:\n"
        ".incbin \"" DR_MODEL_FILE "\"\n"
        ".globl dr_embedded_end\n"
        ".hidden dr_embedded_end\n"
        "dr_embedded_end:\n"
        ".size dr_embedded_begin, . - dr_embedded_begin\n"
        ".byte 0\n"
        ".popsection\n");

extern const unsigned char dr_embedded_begin[] __attribute__((visibility("hidden")));
extern const unsigned char dr_embedded_end[] __attribute__((visibility("hidden")));

const void *dr_embedded_model(size_t *size) {
    *size = (size_t)(dr_embedded_end - dr_embedded_begin);
    return dr_embedded_begin;
}

const char *dr_embedded_model_sha256(void) {
    return DR_MODEL_SHA256;
}

#else

const void *dr_embedded_model(size_t *size) {
    *size = 0;
    return NULL;
}

const char *dr_embedded_model_sha256(void) {
    return NULL;
}

#endif
