/* checkpoint.h - the tensors of a PyTorch checkpoint (torch.save since 1.6).
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_CHECKPOINT_H
#define DR_IMPORT_CHECKPOINT_H

#include "base/arena.h"
#include "import/array.h"

/* Tensors of the dictionary on top, or of "state_dict" in it, as Lightning nests it; everything
 * else in the file is passed over. bytes must stay valid as long as the tensors. */
int dr_checkpoint_read(struct dr_arrays *out, const unsigned char *bytes, size_t size,
                       struct dr_arena *arena, diarist_error *err);

#endif
