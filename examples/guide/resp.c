/* SPDX-License-Identifier: MIT */
/*
 * Guide, "RESP": a request of Redis' and its answer, as bytes and as values. There is no loop in this
 * program.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* Bytes with the ends of lines made visible. */
static void show_bytes(const char *what, const unsigned char *bytes, size_t len)
{
    printf("%s: ", what);
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\r')
            printf("\\r");
        else if (bytes[i] == '\n')
            printf("\\n");
        else
            printf("%c", bytes[i]);
    }
    printf("\n");
}

static void show_value(const eddy_resp_value *value)
{
    switch (value->kind) {
    case EDDY_RESP_BULK:
        printf(" '%.*s'", (int)value->as.text.len, (const char *)value->as.text.data);
        break;
    case EDDY_RESP_INTEGER:
        printf(" %lld", (long long)value->as.integer);
        break;
    case EDDY_RESP_ARRAY:
        printf(" [");
        for (size_t i = 0; i < value->as.items.count; i++)
            show_value(&value->as.items.data[i]);
        printf(" ]");
        break;
    default:
        printf(" %c", (int)value->kind);
    }
}

/* All values there are in some bytes. */
static void read_values(eddy_resp_values *state, eddy_bytes bytes)
{
    eddy_resp_value value;
    size_t need = 0;
    eddy_result n;

    while ((n = eddy_decode(&eddy_resp_values_decoder, state, &bytes, &need, &value)) > 0) {
        printf("value:");
        show_value(&value);
        printf("\n");
    }
    printf("%s, %zu bytes are left\n", eddy_error_name(n), bytes.len);
}

int main(void)
{
    static const unsigned char answers[] = ":7\r\n*3\r\n$5\r\nhello\r\n:42\r\n$-1\r\n$4\r\ncut";
    static const unsigned char large[] = "$1000000000\r\n";
    const eddy_bytes words[] = {{(const unsigned char *)"SET", 3},
                                {(const unsigned char *)"greeting", 8},
                                {(const unsigned char *)"hello", 5}};
    const eddy_resp_request request = {3, words};
    eddy_resp_requests requests = {0};
    eddy_resp_values values = {.bulk_max = 1000};
    unsigned char out[64];
    eddy_result n = eddy_resp_requests_encoder.encode(&requests, &request, out, sizeof out);

    if (n > 0)
        show_bytes("request", out, (size_t)n);
    read_values(&values, (eddy_bytes){answers, sizeof answers - 1});
    eddy_resp_values_deinit(&values); /* and it may begin again */
    read_values(&values, (eddy_bytes){large, sizeof large - 1});
    eddy_resp_values_deinit(&values);
    eddy_resp_requests_deinit(&requests);
    return 0;
}
