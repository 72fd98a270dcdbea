/* SPDX-License-Identifier: MIT */
/*
 * raw_uring_stream.h - streams, each of which receives for one: itself (`echo`, `http`) or the other
 * of a pair (`proxy`). What is to be sent is a list of pieces.
 */
#ifndef BENCH_SERVERS_RAW_URING_STREAM_H
#define BENCH_SERVERS_RAW_URING_STREAM_H

#include "http.h"
#include "raw_uring.h"

struct piece {
    struct piece *next;
    char *bytes;
    unsigned size;
    unsigned buffer; /* of the pool; PIECE_OWN: its bytes are its own */
};

#define PIECE_OWN       UINT32_MAX
#define PIECE_OWN_BYTES 4096

struct stream {
    struct stream *to;   /* whom its bytes are for; whose bytes are for it */
    struct piece *first; /* to be sent */
    struct piece **last;
    struct stream *next_dirty;   /* among those that have something to send */
    struct stream *next_starved; /* among those that wait for buffers, and count as receiving */
    size_t queued;               /* bytes of the pieces */
    int file;
    unsigned sending; /* of the pieces, the first ones are on their way */
    unsigned sending_bytes;
    uint8_t file_flags; /* IOSQE_FIXED_FILE, or 0 for a plain descriptor */
    bool receiving;
    bool pausing; /* what it receives with is being taken back: too much waits */
    bool shutting_down;
    bool dirty;  /* among those that have something to send */
    bool ended;  /* nothing more comes from it */
    bool passed; /* and `to` has been told */
    bool broken; /* to be closed, whatever is left */
    struct http_head head;
};

/* What is done with bytes that have come: `buffer` is the handler's to drop. */
extern void (*stream_received)(struct stream *self, char *bytes, unsigned size, unsigned buffer);

struct stream *stream_new(int file, uint8_t file_flags);
void stream_receive(struct stream *self);
void stream_push(struct stream *self, struct piece *piece);
/* It and the one it receives for are to be closed, and are once nothing of theirs is on its way: by
 * stream_settle(), which closes them at their end, too. They may be gone behind it. */
void stream_break(struct stream *self);
void stream_settle(struct stream *self);

/* A piece of the pool's, and one with memory of its own. */
struct piece *piece_of_buffer(char *bytes, unsigned size, unsigned buffer);
struct piece *piece_own(void);

op_done stream_recv_done, stream_send_done, stream_shutdown_done;
/* Behind each turn: send, give the buffers back, receive where there were none. */
void streams_after_turn(void);

#endif
