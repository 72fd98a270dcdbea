/* SPDX-License-Identifier: MIT */
/*
 * make.c - networks made from a number. libFuzzer finds its own way to programs that do much; this
 * is for comparing drivers, where nothing guides the choice.
 */
#include "world.h"

enum { SCRIPTS_LEAST = 2, SCRIPTS_MORE = 5, CODE_LEAST = 4, CODE_MORE = 26 };

static uint32_t below(uint64_t *state, uint32_t limit)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % limit);
}

/* What is written and signalled more often than waited for keeps a network going. */
static uint8_t make_op(uint64_t *state)
{
    static const uint8_t often[] = {OP_WRITE,      OP_WRITE_ALL,  OP_WRITEV, OP_WRITE_BUF,
                                    OP_READ_EXACT, OP_READ_EXACT, OP_SIGNAL, OP_WAKE};
    static const uint8_t seldom[] = {OP_JOIN, OP_YIELD,     OP_SLEEP, OP_WAIT,  OP_PARK,
                                     OP_CALL, OP_TRY_WRITE, OP_PUSH,  OP_PIPE,  OP_FLUSH,
                                     OP_FREE, OP_SHUTDOWN,  OP_FREE,  OP_RETURN};

    return below(state, 4) > 0 ? often[below(state, sizeof often)]
                               : seldom[below(state, sizeof seldom)];
}

size_t program_make_network(uint64_t seed, uint8_t *data)
{
    uint64_t state = seed;
    uint32_t scripts = SCRIPTS_LEAST + below(&state, SCRIPTS_MORE);
    size_t size = 0;

    for (; size < PROGRAM_HEADER_BYTES; size++)
        data[size] = (uint8_t)below(&state, 256);
    data[3] = 0; /* no allocation fails */
    for (uint32_t i = 0; i < scripts; i++) {
        uint32_t code = CODE_LEAST + below(&state, CODE_MORE);

        for (uint32_t j = 0; j <= code && size + 3 <= PROGRAM_BYTES_MAX; j++) {
            data[size++] = j == code ? (uint8_t)OP_END : make_op(&state);
            data[size++] = (uint8_t)below(&state, 256);
            data[size++] = (uint8_t)below(&state, 256);
        }
    }
    return size;
}
