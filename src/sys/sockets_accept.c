/* SPDX-License-Identifier: MIT */
/*
 * sockets_accept.c - what a failure of accept(2) says: about a connection that has died, about this
 * process, or about the listener.
 */
#include <errno.h>

#include "sys/sockets.h"

/* accept(2) reports errors of the connection that it would have returned as its own. */
eddy__accept_class eddy__socket_accept_class(int error)
{
    switch (-error) {
    case ECONNABORTED:
    case ECONNRESET:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
        return EDDY__ACCEPT_CONNECTION;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return EDDY__ACCEPT_RESOURCE;
    default:
        return EDDY__ACCEPT_FATAL;
    }
}
