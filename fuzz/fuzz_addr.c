/* SPDX-License-Identifier: MIT */
/*
 * fuzz_addr.c - any text to eddy_addr_parse(). The input is the text, so the files of corpus/addr
 * can be read and written by hand. What must hold:
 *
 *   a text that is read prints, and what is printed is read as the same address;
 *   a text that is refused says where, inside the text, and touches nothing else;
 *   inet_pton(3) reads the same host part, and reads no plain address that eddy refuses;
 *   nothing is looked at behind the text (ASan: the text ends where its memory does).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "eddy/addr.h"

enum { DEFAULT_PORT = 4242, TEXT_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_read_by_system(const char *text)
{
    uint8_t ip[16];

    return inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
}

/* The bare host in a text that was read as `family`: no brackets, scope, or port. */
static void cut_host(const char *text, int family, char host[TEXT_MAX])
{
    size_t len;

    if (family == EDDY_ADDR_IPV6 && text[0] == '[')
        text++;
    len = strcspn(text, family == EDDY_ADDR_IPV6 ? "]%" : ":");
    FUZZ_CHECK(len < TEXT_MAX, "'%s' was read, though no address is so long", text);
    memcpy(host, text, len);
    host[len] = '\0';
}

static void check_host(const char *text, const eddy_addr *addr)
{
    char host[TEXT_MAX];
    uint8_t ip[16] = {0};

    cut_host(text, addr->family, host);
    if (addr->family == EDDY_ADDR_IPV6) {
        FUZZ_CHECK(inet_pton(AF_INET6, host, ip) == 1, "the system does not read '%s'", host);
    } else if (strcmp(host, "localhost") == 0) {
        FUZZ_CHECK(eddy_addr_is_loopback(addr), "'%s' is not loopback", host);
        return;
    } else if (host[0] != '\0' && strcmp(host, "*") != 0) {
        FUZZ_CHECK(inet_pton(AF_INET, host, ip) == 1, "the system does not read '%s'", host);
    }
    FUZZ_CHECK(memcmp(ip, addr->ip, sizeof ip) == 0, "the system reads '%s' otherwise", host);
}

static void check_printed(const char *text, const eddy_addr *addr)
{
    char whole[EDDY_ADDR_TEXT_MAX], cut[EDDY_ADDR_TEXT_MAX];
    size_t len = eddy_addr_print(addr, whole, sizeof whole);
    eddy_addr again;
    eddy_addr_error error = {0, NULL};

    FUZZ_CHECK(len < sizeof whole && len == strlen(whole), "'%s' prints as %zu bytes", text, len);
    FUZZ_CHECK(eddy_addr_parse(whole, 1, &again, &error) == 0, "'%s', printed from '%s': %s", whole,
               text, error.what);
    FUZZ_CHECK(eddy_addr_equal(addr, &again), "'%s', printed from '%s', is another", whole, text);
    FUZZ_CHECK(memcmp(addr, &again, sizeof again) == 0, "'%s': its unused bytes differ", whole);
    memset(cut, 'x', sizeof cut);
    FUZZ_CHECK(eddy_addr_print(addr, cut, len) == len, "the length depends on the room");
    FUZZ_CHECK(memcmp(cut, whole, len - 1) == 0 && cut[len - 1] == '\0' && cut[len] == 'x',
               "'%s' is not cut to the room it has", whole);
}

static void check_read(const char *text, const eddy_addr *addr)
{
    FUZZ_CHECK(addr->family == EDDY_ADDR_IPV4 || addr->family == EDDY_ADDR_IPV6, "'%s'", text);
    FUZZ_CHECK(addr->reserved[0] == 0, "'%s': a reserved byte is set", text);
    FUZZ_CHECK(addr->scope_id == 0 || addr->family == EDDY_ADDR_IPV6, "'%s' has a scope", text);
    check_host(text, addr);
    check_printed(text, addr);
    if (is_read_by_system(text))
        FUZZ_CHECK(addr->port == DEFAULT_PORT, "'%s' got port %u", text, addr->port);
}

static void check_refused(const char *text, const eddy_addr *addr, const eddy_addr_error *error)
{
    eddy_addr untouched;

    memset(&untouched, 0xee, sizeof untouched);
    FUZZ_CHECK(memcmp(addr, &untouched, sizeof untouched) == 0, "'%s': written to", text);
    FUZZ_CHECK(error->what != NULL && error->what[0] != '\0', "'%s': nothing said", text);
    FUZZ_CHECK(error->at <= strlen(text), "'%s': the mistake is at %zu", text, error->at);
    FUZZ_CHECK(!is_read_by_system(text), "'%s' is an address, but: %s", text, error->what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    eddy_addr addr;
    eddy_addr_error error = {0, NULL};
    eddy_result result;

    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    memset(&addr, 0xee, sizeof addr);
    result = eddy_addr_parse(text, DEFAULT_PORT, &addr, &error);
    FUZZ_CHECK(result == 0 || result == -EINVAL, "'%s' gives %lld", text, (long long)result);
    if (result == 0) {
        FUZZ_CHECK(error.what == NULL, "'%s' is read, and refused: %s", text, error.what);
        check_read(text, &addr);
    } else {
        check_refused(text, &addr, &error);
    }
    free(text);
    return 0;
}
