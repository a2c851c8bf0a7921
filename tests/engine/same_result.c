/* same_result.c - two results that must be equal to the bit.
 * SPDX-License-Identifier: MIT */
#include "same_result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

void assert_same(const diarist_result *a, const diarist_result *b) {
    size_t dim = diarist_result_embedding_dim(a);
    assert_int_equal(dim, diarist_result_embedding_dim(b));
    assert_int_equal(diarist_result_num_speakers(a), diarist_result_num_speakers(b));
    for (int view = 0; view < 2; view++) {
        size_t n = diarist_result_num_turns(a, view);
        assert_int_equal(n, diarist_result_num_turns(b, view));
        for (size_t i = 0; i < n; i++) {
            diarist_turn s, t;
            memset(&s, 0, sizeof s);
            memset(&t, 0, sizeof t);
            assert_int_equal(diarist_result_turn(a, view, i, &s), 0);
            assert_int_equal(diarist_result_turn(b, view, i, &t), 0);
            assert_memory_equal(&s, &t, sizeof s);
        }
    }
    for (size_t k = 0; k < diarist_result_num_speakers(a); k++) {
        diarist_speaker s, t;
        diarist_result_speaker(a, k, &s);
        diarist_result_speaker(b, k, &t);
        assert_int_equal(!s.embedding, !t.embedding);
        if (s.embedding) /* not every voice has one */
            assert_memory_equal(s.embedding, t.embedding, dim * sizeof(float));
    }
}
