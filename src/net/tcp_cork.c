/* SPDX-License-Identifier: MIT */
/*
 * tcp_cork.c - where the bytes go that a stream copies.
 *
 * Small writes of all streams are copied one behind the other into one block, the cork; what one
 * stream writes in a row becomes one piece.
 */
#include <string.h>

#include "net/tcp.h"

/* When nobody but the loop refers to it, filling starts again at its beginning, while that is
 * warm. */
eddy__block *eddy__tcp_cork_open(eddy_core *core, size_t need)
{
    eddy__block *block = core->cork;

    if (block != NULL && block->refs == 1)
        core->cork_at = block->data;
    if (block != NULL && (size_t)(core->cork_end - core->cork_at) >= need)
        return block;
    block = eddy__pool_take(&core->cork_pool);
    if (block == NULL)
        return NULL;
    if (core->cork != NULL)
        eddy__block_release(core->cork);
    core->cork = block;
    core->cork_at = block->data;
    core->cork_end = block->data + block->size_bytes;
    return block;
}

bool eddy__tcp_append(eddy_tcp *self, eddy__block *block, unsigned char *at, size_t len)
{
    eddy__piece *last = self->tx.last;

    if (last != NULL && last->block == block && last->at + last->len == at) {
        last->len += (uint32_t)len;
        self->tx.bytes += len;
        return true;
    }
    last = eddy__piece_new(&self->source.core->pool, block, at, (uint32_t)len);
    if (last == NULL)
        return false;
    eddy__block_retain(block);
    eddy__pieces_append(&self->tx, last);
    return true;
}

bool eddy__tcp_copy_to_block(eddy_tcp *self, const void *data, size_t len, size_t room)
{
    eddy__pool *pool = &self->source.core->pool;
    eddy__block *block = eddy__pool_heap_block(pool, (uint32_t)(room > len ? room : len));
    bool appended;

    if (block == NULL)
        return false;
    memcpy(block->data, data, len);
    appended = eddy__tcp_append(self, block, block->data, len);
    eddy__block_release(block);
    return appended;
}

/* While a stream cannot send, what it writes bit by bit goes into blocks of its own, each twice as
 * large as the one before: a few bytes in the cork would keep all of it, for as long as the peer
 * does not read. All or nothing. */
static bool copy_in_own(eddy_tcp *self, const unsigned char *data, size_t len)
{
    eddy__piece *last = self->tx.last;
    size_t room = EDDY__TCP_OWN_BLOCK;

    if (last != NULL && eddy__tcp_has_room(last, len)) {
        memcpy(last->at + last->len, data, len);
        last->len += (uint32_t)len;
        self->tx.bytes += len;
        return true;
    }
    if (last != NULL && last->block->kind == EDDY__BLOCK_HEAP)
        room = 2 * (size_t)last->block->size_bytes;
    if (room > EDDY_TCP_WRITE_WHOLE)
        room = EDDY_TCP_WRITE_WHOLE;
    return eddy__tcp_copy_to_block(self, data, len, room);
}

size_t eddy__tcp_copy_in(eddy_tcp *self, const unsigned char *data, size_t len)
{
    eddy_core *core = self->source.core;
    size_t need = len <= EDDY_TCP_WRITE_WHOLE ? len : 1;
    size_t copied = 0;

    if (!eddy__tcp_takes_cork(self) && len > 0 && len <= EDDY_TCP_WRITE_WHOLE)
        return copy_in_own(self, data, len) ? len : 0;
    while (copied < len) {
        eddy__block *block = eddy__tcp_cork_open(core, need);
        size_t part = len - copied;

        if (block == NULL)
            break;
        if (part > (size_t)(core->cork_end - core->cork_at))
            part = (size_t)(core->cork_end - core->cork_at);
        memcpy(core->cork_at, data + copied, part);
        if (!eddy__tcp_append(self, block, core->cork_at, part))
            break;
        core->cork_at += part;
        copied += part;
    }
    return copied;
}

bool eddy__tcp_copy_small(eddy_tcp *self, const eddy_bytes *parts, size_t count, size_t total)
{
    eddy_core *core = self->source.core;
    eddy__block *cork = eddy__tcp_cork_open(core, total);
    unsigned char *at;

    if (cork == NULL || !eddy__tcp_append(self, cork, core->cork_at, total))
        return false;
    at = core->cork_at;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) /* an empty part may lie nowhere */
            memcpy(at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    core->cork_at = at;
    return true;
}

size_t eddy__tcp_copy_parts(eddy_tcp *self, const eddy_bytes *parts, size_t count, size_t total)
{
    size_t room = eddy__tcp_send_queue(self) - self->tx.bytes;
    size_t accepted = 0, copied = 0, wanted = 0;

    if (total <= EDDY_TCP_WRITE_WHOLE && total > room)
        room = total; /* all of a small write */
    for (size_t i = 0; i < count && copied == wanted && accepted < room; i++) {
        wanted = parts[i].len < room - accepted ? parts[i].len : room - accepted;
        copied = eddy__tcp_copy_in(self, parts[i].data, wanted);
        accepted += copied;
    }
    return accepted;
}
