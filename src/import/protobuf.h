/* protobuf.h - the fields of a protobuf message in memory, one after another.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_PROTOBUF_H
#define DR_IMPORT_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

struct dr_proto {
    const unsigned char *at, *end; /* what is left of the message */
};

enum dr_wire { DR_WIRE_VARINT = 0, DR_WIRE_FIXED64 = 1, DR_WIRE_BYTES = 2, DR_WIRE_FIXED32 = 5 };

struct dr_proto_field {
    uint64_t number;
    enum dr_wire wire;
    uint64_t value;        /* DR_WIRE_VARINT */
    struct dr_proto bytes; /* the others: where their bytes lie */
};

/* The next field: 1, 0 at the end of the message, -1 when it is broken. */
int dr_proto_next(struct dr_proto *message, struct dr_proto_field *field);

/* The next number of a packed list: 1, 0 at its end, -1 when it is broken. */
int dr_proto_varint(struct dr_proto *list, uint64_t *value);

size_t dr_proto_size(const struct dr_proto *bytes);

#endif
