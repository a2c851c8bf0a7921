/* protobuf.c - the fields of a protobuf message in memory, one after another.
 * SPDX-License-Identifier: MIT
 *
 * Wire format: a key (number << 3 | wire type) and a value. Groups (types 3 and 4) are of a time
 * before the formats read here. */
#include "import/protobuf.h"

size_t dr_proto_size(const struct dr_proto *bytes) {
    return (size_t)(bytes->end - bytes->at);
}

int dr_proto_varint(struct dr_proto *list, uint64_t *value) {
    *value = 0;
    if (list->at == list->end)
        return 0;
    for (unsigned shift = 0; shift < 64 && list->at < list->end; shift += 7) {
        const unsigned char byte = *list->at++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return 1;
    }
    return -1;
}

int dr_proto_next(struct dr_proto *message, struct dr_proto_field *field) {
    uint64_t key, size = 0;
    const int found = dr_proto_varint(message, &key);
    if (found <= 0)
        return found;
    *field = (struct dr_proto_field){.number = key >> 3, .wire = (enum dr_wire)(key & 7)};
    switch (key & 7) {
    case DR_WIRE_VARINT:
        return dr_proto_varint(message, &field->value) == 1 && field->number ? 1 : -1;
    case DR_WIRE_FIXED64:
        size = 8;
        break;
    case DR_WIRE_FIXED32:
        size = 4;
        break;
    case DR_WIRE_BYTES:
        if (dr_proto_varint(message, &size) != 1)
            return -1;
        break;
    default:
        return -1;
    }
    if (size > dr_proto_size(message) || !field->number)
        return -1;
    field->bytes = (struct dr_proto){message->at, message->at + size};
    message->at += size;
    return 1;
}
