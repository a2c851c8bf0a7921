/* pickle.c - what a Python pickle describes, without carrying any of it out.
 * SPDX-License-Identifier: MIT
 *
 * bytes -> opcodes -> a stack of values and a memo -> the value on top at the end.
 * The opcodes are those of CPython's Lib/pickletools.py. */
#include "import/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "import/refuse.h"

/* Bounds for memory: a checkpoint of 50 tensors has about 2000 values. */
enum { MAX_VALUES = 1 << 19, MAX_MEMO = 1 << 19 };

enum { OTHER_OPCODE = 1 }; /* beside the statuses, which are 0 or negative */

typedef struct dr_pickle_value value;

struct machine {
    const unsigned char *at, *end;
    struct dr_arena *arena;
    value **stack, **memo;
    size_t height, stack_capacity, memo_capacity, memo_used;
    size_t num_values;
    value mark; /* lies on the stack where an opcode MARK was */
    diarist_error *err;
};

static int broken(struct machine *m, const char *what) {
    return dr_damaged(m->err, "its pickle is broken: %s", what);
}

/* ---- values and the stack ---------------------------------------------------------------- */

/* Makes room for one more pointer. Old places stay in the arena: growing doubles, so they are no
 * more than what is used. */
static int grow(struct machine *m, value ***items, size_t *capacity, size_t needed) {
    if (needed <= *capacity)
        return DIARIST_OK;
    size_t larger = *capacity ? 2 * *capacity : 8;
    while (larger < needed)
        larger *= 2;
    value **grown = dr_arena_zalloc(m->arena, larger, sizeof *grown);
    if (!grown)
        return dr_fail_memory(m->err);
    if (*capacity)
        memcpy(grown, *items, *capacity * sizeof *grown);
    *items = grown;
    *capacity = larger;
    return DIARIST_OK;
}

static int push(struct machine *m, value *v) {
    int status = grow(m, &m->stack, &m->stack_capacity, m->height + 1);
    if (!status)
        m->stack[m->height++] = v;
    return status;
}

/* A new value of the kind, on the stack; *out may be NULL. */
static int push_new(struct machine *m, value **out, enum dr_pickle_kind kind) {
    if (m->num_values == MAX_VALUES)
        return broken(m, "it has more values than any checkpoint");
    value *v = dr_arena_zalloc(m->arena, 1, sizeof *v);
    if (!v)
        return dr_fail_memory(m->err);
    v->kind = kind;
    m->num_values++;
    if (out)
        *out = v;
    return push(m, v);
}

/* The value on top is taken off, or NULL when there is none. */
static value *pop(struct machine *m) {
    if (!m->height || m->stack[m->height - 1] == &m->mark)
        return NULL;
    return m->stack[--m->height];
}

static value *top(const struct machine *m) {
    return m->height && m->stack[m->height - 1] != &m->mark ? m->stack[m->height - 1] : NULL;
}

/* Where the values above the topmost mark begin; 0 when there is no mark. */
static size_t above_mark(const struct machine *m) {
    size_t at = m->height;
    while (at && m->stack[at - 1] != &m->mark)
        at--;
    return at;
}

static int append(struct machine *m, value *target, value *item) {
    int status = grow(m, &target->items, &target->capacity, target->num_items + 1);
    if (!status)
        target->items[target->num_items++] = item;
    return status;
}

/* ---- arguments of opcodes ---------------------------------------------------------------- */

/* A little-endian number of up to 8 bytes. */
static int number(struct machine *m, unsigned num_bytes, uint64_t *out) {
    *out = 0;
    if ((size_t)(m->end - m->at) < num_bytes)
        return broken(m, "it is cut");
    for (unsigned i = num_bytes; i > 0; i--)
        *out = *out << 8 | m->at[i - 1];
    m->at += num_bytes;
    return DIARIST_OK;
}

static int take(struct machine *m, uint64_t length, struct dr_pickle_text *out) {
    if (length > (uint64_t)(m->end - m->at))
        return broken(m, "it is cut");
    *out = (struct dr_pickle_text){(const char *)m->at, (size_t)length};
    m->at += length;
    return DIARIST_OK;
}

/* Up to the end of the line, which is not part of it. */
static int line(struct machine *m, struct dr_pickle_text *out) {
    const unsigned char *end = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!end)
        return broken(m, "a line has no end");
    *out = (struct dr_pickle_text){(const char *)m->at, (size_t)(end - m->at)};
    m->at = end + 1;
    return DIARIST_OK;
}

/* Digits with an optional sign and a Python 2 "L"; false when it is something else or too large. */
static bool decimal(const struct dr_pickle_text *text, int64_t *out) {
    char digits[24], *end;
    size_t length = text->length;
    if (length && text->at[length - 1] == 'L')
        length--;
    if (!length || length >= sizeof digits)
        return false;
    memcpy(digits, text->at, length);
    digits[length] = 0;
    *out = strtoll(digits, &end, 10);
    return !*end;
}

/* ---- opcodes ----------------------------------------------------------------------------- */

static int push_int(struct machine *m, int64_t integer) {
    value *v;
    int status = push_new(m, &v, DR_PICKLE_INT);
    if (!status)
        v->integer = integer;
    return status;
}

/* Signed little-endian of num_bytes, of which the value is kept up to 64 bits. */
static int push_long(struct machine *m, uint64_t num_bytes) {
    struct dr_pickle_text bytes = {0};
    int status = take(m, num_bytes, &bytes);
    if (status || num_bytes > 8)
        return status ? status : push_new(m, NULL, DR_PICKLE_OTHER);
    uint64_t bits = num_bytes && (bytes.at[num_bytes - 1] & 0x80) ? ~(uint64_t)0 : 0;
    for (uint64_t i = num_bytes; i > 0; i--)
        bits = bits << 8 | (unsigned char)bytes.at[i - 1];
    return push_int(m, (int64_t)bits);
}

static int push_text(struct machine *m, enum dr_pickle_kind kind, unsigned length_bytes) {
    uint64_t length;
    struct dr_pickle_text text;
    value *v;
    int status = number(m, length_bytes, &length);
    if (!status)
        status = take(m, length, &text);
    if (!status)
        status = push_new(m, &v, kind);
    if (!status)
        v->text = text;
    return status;
}

/* S'...' and V...: as they stand, without their quotes and with their escapes. */
static int push_line(struct machine *m, bool quoted) {
    struct dr_pickle_text text;
    value *v;
    int status = line(m, &text);
    if (!status && quoted) {
        if (text.length < 2)
            return broken(m, "a string has no quotes");
        text = (struct dr_pickle_text){text.at + 1, text.length - 2};
    }
    if (!status)
        status = push_new(m, &v, DR_PICKLE_TEXT);
    if (!status)
        v->text = text;
    return status;
}

static int push_decimal(struct machine *m) {
    struct dr_pickle_text text = {0};
    int64_t integer;
    int status = line(m, &text);
    if (status)
        return status;
    return decimal(&text, &integer) ? push_int(m, integer) : push_new(m, NULL, DR_PICKLE_OTHER);
}

static int skip_line(struct machine *m) {
    struct dr_pickle_text text;
    int status = line(m, &text);
    return status ? status : push_new(m, NULL, DR_PICKLE_OTHER);
}

static int push_global(struct machine *m) {
    struct dr_pickle_text module, name;
    value *v;
    int status = line(m, &module);
    if (!status)
        status = line(m, &name);
    if (!status)
        status = push_new(m, &v, DR_PICKLE_GLOBAL);
    if (!status) {
        v->module = module;
        v->text = name;
    }
    return status;
}

static int stack_global(struct machine *m) {
    value *name = pop(m), *module = name ? pop(m) : NULL, *v;
    if (!module || name->kind != DR_PICKLE_TEXT || module->kind != DR_PICKLE_TEXT)
        return broken(m, "a name is not a text");
    int status = push_new(m, &v, DR_PICKLE_GLOBAL);
    if (!status) {
        v->module = module->text;
        v->text = name->text;
    }
    return status;
}

/* The values on the stack from `first` on, and a mark below them, become one value of the kind. */
static int collect(struct machine *m, enum dr_pickle_kind kind, size_t first, bool marked) {
    value *v;
    const size_t num = m->height - first;
    if (kind == DR_PICKLE_DICT && num % 2)
        return broken(m, "a key has no value");
    value **own = dr_arena_alloc(m->arena, num + 1, sizeof *own);
    if (!own)
        return dr_fail_memory(m->err);
    memcpy(own, m->stack + first, num * sizeof *own);
    m->height = first - marked;
    int status = push_new(m, &v, kind);
    if (!status) {
        v->items = own;
        v->num_items = v->capacity = num;
    }
    return status;
}

static int collect_marked(struct machine *m, enum dr_pickle_kind kind) {
    const size_t first = above_mark(m);
    return first ? collect(m, kind, first, true) : broken(m, "a mark is missing");
}

static int collect_top(struct machine *m, size_t num) {
    if (m->height < num)
        return broken(m, "a tuple lacks items");
    for (size_t i = m->height - num; i < m->height; i++)
        if (m->stack[i] == &m->mark)
            return broken(m, "a tuple lacks items");
    return collect(m, DR_PICKLE_TUPLE, m->height - num, false);
}

/* Values above the mark are put into the value below it: pairs into what has keys. */
static int put_marked(struct machine *m, bool pairs) {
    const size_t first = above_mark(m), num = m->height - first;
    if (first < 2 || m->stack[first - 2] == &m->mark || (pairs && num % 2))
        return broken(m, "items have nowhere to go");
    value *target = m->stack[first - 2];
    const bool has_keys = target->kind == DR_PICKLE_DICT || target->kind == DR_PICKLE_CALL;
    const bool wanted = pairs ? has_keys : target->kind == DR_PICKLE_LIST;
    int status = DIARIST_OK;
    for (size_t i = 0; i < num && wanted && !status; i++)
        status = append(m, target, m->stack[first + i]);
    m->height = first - 1;
    return status;
}

static int put_one(struct machine *m, bool pair) {
    value *item = pop(m), *key = item && pair ? pop(m) : NULL, *target = top(m);
    if (!item || (pair && !key) || !target)
        return broken(m, "an item has nowhere to go");
    int status = DIARIST_OK;
    if (pair && (target->kind == DR_PICKLE_DICT || target->kind == DR_PICKLE_CALL)) {
        status = append(m, target, key);
        if (!status)
            status = append(m, target, item);
    } else if (!pair && target->kind == DR_PICKLE_LIST) {
        status = append(m, target, item);
    }
    return status;
}

static int push_call(struct machine *m, const value *function, const value *args) {
    value *v;
    if (!function || !args)
        return broken(m, "a call lacks its function or arguments");
    int status = push_new(m, &v, DR_PICKLE_CALL);
    if (!status) {
        v->function = function;
        v->args = args;
    }
    return status;
}

/* Function, arguments and perhaps keywords, which are dropped. */
static int call_top(struct machine *m, bool has_keywords) {
    if (has_keywords && !pop(m))
        return broken(m, "a call lacks its keywords");
    const value *args = pop(m);
    return push_call(m, args ? pop(m) : NULL, args);
}

/* INST: a name in the pickle and arguments above the mark. */
static int call_named(struct machine *m) {
    int status = collect_marked(m, DR_PICKLE_TUPLE);
    if (status)
        return status;
    const value *args = pop(m);
    status = push_global(m);
    return status ? status : push_call(m, pop(m), args);
}

/* OBJ: function and arguments above the mark. */
static int call_marked(struct machine *m) {
    int status = collect_marked(m, DR_PICKLE_TUPLE);
    if (status)
        return status;
    value *args = pop(m);
    if (!args->num_items)
        return broken(m, "a call lacks its function");
    const value *function = args->items[0];
    args->items++;
    args->num_items--;
    args->capacity--;
    return push_call(m, function, args);
}

static int push_persistent(struct machine *m) {
    const value *args = pop(m);
    value *v;
    if (!args)
        return broken(m, "a reference lacks its name");
    int status = push_new(m, &v, DR_PICKLE_PERSISTENT);
    if (!status)
        v->args = args;
    return status;
}

/* BUILD: the state of an object; none of the objects that matter here has any. */
static int drop_state(struct machine *m) {
    return pop(m) && top(m) ? DIARIST_OK : broken(m, "a state has no object");
}

static int memo_put(struct machine *m, uint64_t index) {
    value *v = top(m);
    if (!v || index >= MAX_MEMO)
        return broken(m, "nothing to remember, or too much");
    int status = grow(m, &m->memo, &m->memo_capacity, (size_t)index + 1);
    if (!status) {
        m->memo[index] = v;
        m->memo_used++;
    }
    return status;
}

static int memo_get(struct machine *m, uint64_t index) {
    if (index >= m->memo_capacity || !m->memo[index])
        return broken(m, "something is recalled that was not remembered");
    return push(m, m->memo[index]);
}

/* Puts and gets whose index is num_bytes long, or a line of digits when that is 0. */
static int memo_op(struct machine *m, int (*op)(struct machine *, uint64_t), unsigned num_bytes) {
    struct dr_pickle_text text = {0};
    uint64_t index = 0;
    int64_t written;
    int status = num_bytes ? number(m, num_bytes, &index) : line(m, &text);
    if (!status && !num_bytes) {
        if (!decimal(&text, &written) || written < 0)
            return broken(m, "an index is not a number");
        index = (uint64_t)written;
    }
    return status ? status : op(m, index);
}

static int drop_marked(struct machine *m) {
    const size_t first = above_mark(m);
    if (!first)
        return broken(m, "a mark is missing");
    m->height = first - 1;
    return DIARIST_OK;
}

static int drop_top(struct machine *m) {
    if (!m->height)
        return broken(m, "there is nothing to drop");
    m->height--;
    return DIARIST_OK;
}

static int push_again(struct machine *m) {
    return top(m) ? push(m, top(m)) : broken(m, "there is nothing to repeat");
}

static int skip_bytes(struct machine *m, unsigned num_bytes, bool push_value) {
    uint64_t dropped;
    int status = number(m, num_bytes, &dropped);
    return status || !push_value ? status : push_new(m, NULL, DR_PICKLE_OTHER);
}

static int integer_op(struct machine *m, unsigned num_bytes) {
    uint64_t bits = 0;
    int status = number(m, num_bytes, &bits);
    return status ? status : push_int(m, num_bytes == 4 ? (int32_t)(uint32_t)bits : (int64_t)bits);
}

static int long_op(struct machine *m, unsigned length_bytes) {
    uint64_t num_bytes;
    int status = number(m, length_bytes, &num_bytes);
    return status ? status : push_long(m, num_bytes);
}

/* Opcodes that push a value of their own. OTHER_OPCODE: it is none of them. */
static int run_value(struct machine *m, unsigned char op) {
    switch (op) {
    case 'N':
        return push_new(m, NULL, DR_PICKLE_OTHER);
    case 'F':
        return skip_line(m);
    case 'G':
        return skip_bytes(m, 8, true);
    case 'I':
    case 'L':
        return push_decimal(m);
    case 'J':
        return integer_op(m, 4);
    case 'K':
        return integer_op(m, 1);
    case 'M':
        return integer_op(m, 2);
    case 0x88:
    case 0x89:
        return push_int(m, op == 0x88);
    case 0x8a:
        return long_op(m, 1);
    case 0x8b:
        return long_op(m, 4);
    case 'S':
    case 'V':
        return push_line(m, op == 'S');
    case 'U':
    case 0x8c:
        return push_text(m, DR_PICKLE_TEXT, 1);
    case 'T':
    case 'X':
        return push_text(m, DR_PICKLE_TEXT, 4);
    case 0x8d:
        return push_text(m, DR_PICKLE_TEXT, 8);
    case 'C':
        return push_text(m, DR_PICKLE_BYTES, 1);
    case 'B':
        return push_text(m, DR_PICKLE_BYTES, 4);
    case 0x8e:
    case 0x96:
        return push_text(m, DR_PICKLE_BYTES, 8);
    case ']':
        return push_new(m, NULL, DR_PICKLE_LIST);
    case '}':
        return push_new(m, NULL, DR_PICKLE_DICT);
    case ')':
        return push_new(m, NULL, DR_PICKLE_TUPLE);
    case 0x8f:
        return push_new(m, NULL, DR_PICKLE_OTHER);
    case 'c':
        return push_global(m);
    default:
        return OTHER_OPCODE;
    }
}

/* Opcodes that work with the stack and the memo. OTHER_OPCODE: it is none of them. */
static int run_stack(struct machine *m, unsigned char op) {
    switch (op) {
    case '(':
        return push(m, &m->mark);
    case '0':
        return drop_top(m);
    case '1':
        return drop_marked(m);
    case '2':
        return push_again(m);
    case 'g':
        return memo_op(m, memo_get, 0);
    case 'h':
        return memo_op(m, memo_get, 1);
    case 'j':
        return memo_op(m, memo_get, 4);
    case 'p':
        return memo_op(m, memo_put, 0);
    case 'q':
        return memo_op(m, memo_put, 1);
    case 'r':
        return memo_op(m, memo_put, 4);
    case 0x94:
        return memo_put(m, m->memo_used);
    case 0x80:
        return skip_bytes(m, 1, false);
    case 0x95:
        return skip_bytes(m, 8, false);
    default:
        return OTHER_OPCODE;
    }
}

/* Opcodes that make one value of several. OTHER_OPCODE: it is none of them. */
static int run_object(struct machine *m, unsigned char op) {
    switch (op) {
    case 't':
        return collect_marked(m, DR_PICKLE_TUPLE);
    case 'l':
        return collect_marked(m, DR_PICKLE_LIST);
    case 'd':
        return collect_marked(m, DR_PICKLE_DICT);
    case 0x91:
        return collect_marked(m, DR_PICKLE_OTHER);
    case 0x85:
    case 0x86:
    case 0x87:
        return collect_top(m, op - 0x84u);
    case 'a':
        return put_one(m, false);
    case 's':
        return put_one(m, true);
    case 'e':
    case 0x90:
        return put_marked(m, false);
    case 'u':
        return put_marked(m, true);
    case 'R':
    case 0x81:
        return call_top(m, false);
    case 0x92:
        return call_top(m, true);
    case 'i':
        return call_named(m);
    case 'o':
        return call_marked(m);
    case 'b':
        return drop_state(m);
    case 'Q':
        return push_persistent(m);
    case 0x93:
        return stack_global(m);
    default:
        return OTHER_OPCODE;
    }
}

int dr_pickle_read(const struct dr_pickle_value **out, const unsigned char *bytes, size_t size,
                   struct dr_arena *arena, diarist_error *err) {
    struct machine m = {.at = bytes, .end = bytes + size, .arena = arena, .err = err};
    *out = NULL;
    while (m.at < m.end) {
        const unsigned char op = *m.at++;
        if (op == '.') {
            *out = top(&m);
            return *out ? DIARIST_OK : broken(&m, "it leaves no value");
        }
        int status = run_value(&m, op);
        if (status == OTHER_OPCODE)
            status = run_stack(&m, op);
        if (status == OTHER_OPCODE)
            status = run_object(&m, op);
        if (status == OTHER_OPCODE)
            return dr_damaged(err, "its pickle is broken: opcode 0x%02x is not known", op);
        if (status)
            return status;
    }
    return broken(&m, "it has no end");
}

static bool text_is(const struct dr_pickle_text *text, const char *wanted) {
    return text->length == strlen(wanted) && !memcmp(text->at, wanted, text->length);
}

bool dr_pickle_is_text(const struct dr_pickle_value *v, const char *text) {
    return v && v->kind == DR_PICKLE_TEXT && text_is(&v->text, text);
}

bool dr_pickle_is_global(const struct dr_pickle_value *v, const char *module, const char *name) {
    return v && v->kind == DR_PICKLE_GLOBAL && text_is(&v->module, module) &&
           text_is(&v->text, name);
}

const struct dr_pickle_value *dr_pickle_get(const struct dr_pickle_value *dict, const char *key) {
    if (!dict || (dict->kind != DR_PICKLE_DICT && dict->kind != DR_PICKLE_CALL))
        return NULL;
    for (size_t i = dict->num_items / 2; i > 0; i--)
        if (dr_pickle_is_text(dict->items[2 * i - 2], key))
            return dict->items[2 * i - 1];
    return NULL;
}
