/* SPDX-License-Identifier: MIT */
/*
 * resp_values.c - values of RESP as items: shown where they were received, or in memory of their own.
 */
#include <errno.h>

#include "base/alloc.h"
#include "codec/resp_scan.h"

static const eddy_allocator *allocator_of(const eddy_resp_values *self)
{
    return eddy__allocator_or_malloc(self->allocator);
}

/* The value that was found is left where it is. */
static eddy_result no_memory(size_t *used)
{
    *used = 0;
    return -ENOMEM;
}

/* ---- shown ---- */

static void free_nodes(eddy_resp_values *self)
{
    eddy__free(allocator_of(self), self->nodes, self->nodes_max * sizeof *self->nodes);
    self->nodes = NULL;
    self->nodes_max = 0;
}

static bool have_nodes(eddy_resp_values *self)
{
    size_t max = self->values;

    if (max <= self->nodes_max)
        return true;
    free_nodes(self);
    self->nodes = eddy__alloc(allocator_of(self), max * sizeof *self->nodes);
    if (self->nodes == NULL)
        return false;
    self->nodes_max = max;
    return true;
}

static eddy_result values_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_resp_values *self = state;
    eddy_result result = eddy__resp_scan(self, in, used);
    struct eddy__resp_builder builder = {.data = in.data};
    eddy_resp_value value;

    if (result <= 0)
        return result;
    if (!have_nodes(self))
        return no_memory(used);
    builder.nodes = self->nodes;
    eddy__resp_build(&builder, &value);
    memcpy(item, &value, sizeof value);
    return 1;
}

void eddy_resp_values_deinit(eddy_resp_values *self)
{
    free_nodes(self);
    self->at = self->seen = self->depth = 0;
    self->error = 0;
}

const eddy_decoder eddy_resp_values_decoder = {
    .name = "resp values",
    .item_bytes = sizeof(eddy_resp_value),
    .decode = values_decode,
};

/* ---- owned ---- */

/* In front of the values, then the texts. */
struct reply_memory {
    eddy_allocator allocator;
    size_t bytes;
    _Alignas(max_align_t) unsigned char rest[];
};

static struct reply_memory *make_memory(const eddy_resp_values *self)
{
    size_t bytes =
        sizeof(struct reply_memory) + self->values * sizeof(eddy_resp_value) + self->text_len;
    struct reply_memory *memory = eddy__alloc(allocator_of(self), bytes);

    if (memory == NULL)
        return NULL;
    memory->allocator = *allocator_of(self);
    memory->bytes = bytes;
    return memory;
}

static eddy_result replies_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_resp_values *self = state;
    eddy_result result = eddy__resp_scan(self, in, used);
    struct eddy__resp_builder builder = {.data = in.data};
    struct reply_memory *memory;
    eddy_resp_reply reply = {.memory = NULL};

    if (result <= 0)
        return result;
    if (self->values > 0 || self->text_len > 0) {
        memory = make_memory(self);
        if (memory == NULL)
            return no_memory(used);
        reply.memory = memory;
        builder.nodes = (eddy_resp_value *)(void *)memory->rest;
        builder.text = memory->rest + self->values * sizeof(eddy_resp_value);
    }
    eddy__resp_build(&builder, &reply.value);
    memcpy(item, &reply, sizeof reply);
    return 1;
}

void eddy_resp_reply_free(eddy_resp_reply *self)
{
    struct reply_memory *memory = self->memory;

    *self = (eddy_resp_reply){.value = {.kind = EDDY_RESP_NULL}};
    if (memory != NULL) {
        eddy_allocator allocator = memory->allocator;

        eddy__free(&allocator, memory, memory->bytes);
    }
}

static void drop_reply(void *item)
{
    eddy_resp_reply reply;

    memcpy(&reply, item, sizeof reply);
    eddy_resp_reply_free(&reply);
}

const eddy_decoder eddy_resp_replies_decoder = {
    .name = "resp replies",
    .item_bytes = sizeof(eddy_resp_reply),
    .decode = replies_decode,
    .drop_item = drop_reply,
};
