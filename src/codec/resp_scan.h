/* SPDX-License-Identifier: MIT */
/*
 * resp_scan.h - values of RESP: found whole in the input first, then made. So there is memory for a value
 * only when it is there, and as much as it takes.
 */
#ifndef EDDY__RESP_SCAN_H
#define EDDY__RESP_SCAN_H

#include "codec/resp.h"

/* How many values are in one of that kind whose number says `number`; < 0: it has none to hold. */
int64_t eddy__resp_items(eddy_resp_kind kind, int64_t number);

/**
 * Look for a whole value in front, going on where it was left.
 * @return  > 0: the first *used bytes are a value, with self->values in it, and texts of self->text_len
 *          bytes; the next scan begins anew. Else as eddy_decoder.decode
 */
eddy_result eddy__resp_scan(eddy_resp_values *self, eddy_bytes in, size_t *used);

/* Where values are put. */
struct eddy__resp_builder {
    const unsigned char *data; /* whole values */
    size_t at;
    eddy_resp_value *nodes; /* memory for those within others */
    unsigned char *text;    /* memory for a copy of the texts; NULL: they stay where they are */
};

/* Make the value at self->at, which was found by a scan. */
void eddy__resp_build(struct eddy__resp_builder *self, eddy_resp_value *value);

#endif
