/* SPDX-License-Identifier: MIT */
/*
 * error.c - names and texts of results, looked up in one table that is made from eddy's own
 * codes (eddy/error.h) and from the errno codes that system calls for networks and files give.
 *
 * It calls nothing of the system and asks no locale. The codes of POSIX come first; the two
 * groups after them exist where <errno.h> has them, which their first member tells. Where two
 * names share a number (EAGAIN and EWOULDBLOCK), the first in the table is the name shown.
 * Look-up is linear: names are made for people, not on the way of a byte.
 */
#include "eddy/error.h"

#include <errno.h>

#define ERRNO_POSIX_MAP(X)                                                                         \
    X(EPERM, "operation not permitted")                                                            \
    X(ENOENT, "no such file or directory")                                                         \
    X(ESRCH, "no such process")                                                                    \
    X(EINTR, "interrupted by a signal")                                                            \
    X(EIO, "input/output error")                                                                   \
    X(ENXIO, "no such device or address")                                                          \
    X(E2BIG, "argument list too long")                                                             \
    X(ENOEXEC, "not an executable format")                                                         \
    X(EBADF, "bad file descriptor")                                                                \
    X(ECHILD, "no child process")                                                                  \
    X(EAGAIN, "try again: it would block")                                                         \
    X(EWOULDBLOCK, "try again: it would block")                                                    \
    X(ENOMEM, "out of memory")                                                                     \
    X(EACCES, "permission denied")                                                                 \
    X(EFAULT, "bad memory address")                                                                \
    X(EBUSY, "device or resource busy")                                                            \
    X(EEXIST, "file exists")                                                                       \
    X(EXDEV, "link across file systems")                                                           \
    X(ENODEV, "no such device")                                                                    \
    X(ENOTDIR, "not a directory")                                                                  \
    X(EISDIR, "is a directory")                                                                    \
    X(EINVAL, "invalid argument")                                                                  \
    X(ENFILE, "too many open files in the system")                                                 \
    X(EMFILE, "too many open files in the process")                                                \
    X(ENOTTY, "not possible on this kind of descriptor")                                           \
    X(ETXTBSY, "the program file is being executed")                                               \
    X(EFBIG, "file too large")                                                                     \
    X(ENOSPC, "no space left on the device")                                                       \
    X(ESPIPE, "no seeking on a stream")                                                            \
    X(EROFS, "read-only file system")                                                              \
    X(EMLINK, "too many links")                                                                    \
    X(EPIPE, "broken pipe: nobody reads the other end")                                            \
    X(EDOM, "argument out of the function's domain")                                               \
    X(ERANGE, "result out of range")                                                               \
    X(EDEADLK, "resource deadlock avoided")                                                        \
    X(ENAMETOOLONG, "file name too long")                                                          \
    X(ENOLCK, "no locks available")                                                                \
    X(ENOSYS, "system call not available")                                                         \
    X(ENOTEMPTY, "directory not empty")                                                            \
    X(ELOOP, "too many symbolic links")                                                            \
    X(ENOMSG, "no message of that type")                                                           \
    X(EIDRM, "identifier removed")                                                                 \
    X(ENODATA, "no data available")                                                                \
    X(ETIME, "timer expired")                                                                      \
    X(ENOLINK, "link severed")                                                                     \
    X(EPROTO, "protocol error")                                                                    \
    X(EBADMSG, "bad message")                                                                      \
    X(EOVERFLOW, "value too large for its type")                                                   \
    X(EILSEQ, "invalid byte sequence")                                                             \
    X(ENOTSOCK, "not a socket")                                                                    \
    X(EDESTADDRREQ, "destination address required")                                                \
    X(EMSGSIZE, "message too long")                                                                \
    X(EPROTOTYPE, "wrong protocol for this kind of socket")                                        \
    X(ENOPROTOOPT, "protocol option not available")                                                \
    X(EPROTONOSUPPORT, "protocol not supported")                                                   \
    X(EOPNOTSUPP, "operation not supported")                                                       \
    X(ENOTSUP, "operation not supported")                                                          \
    X(EAFNOSUPPORT, "address family not supported")                                                \
    X(EADDRINUSE, "address already in use")                                                        \
    X(EADDRNOTAVAIL, "address not available on this machine")                                      \
    X(ENETDOWN, "network is down")                                                                 \
    X(ENETUNREACH, "network unreachable")                                                          \
    X(ENETRESET, "connection reset by the network")                                                \
    X(ECONNABORTED, "connection aborted")                                                          \
    X(ECONNRESET, "connection reset by peer")                                                      \
    X(ENOBUFS, "no buffer space available")                                                        \
    X(EISCONN, "already connected")                                                                \
    X(ENOTCONN, "not connected")                                                                   \
    X(ETIMEDOUT, "timed out")                                                                      \
    X(ECONNREFUSED, "connection refused")                                                          \
    X(EHOSTUNREACH, "host unreachable")                                                            \
    X(EALREADY, "operation already in progress")                                                   \
    X(EINPROGRESS, "operation now in progress")                                                    \
    X(ECANCELED, "operation cancelled")                                                            \
    X(EOWNERDEAD, "the lock's owner died")                                                         \
    X(ENOTRECOVERABLE, "state not recoverable")

#ifdef ESHUTDOWN
#define ERRNO_BSD_MAP(X)                                                                           \
    X(ENOTBLK, "not a block device")                                                               \
    X(ESOCKTNOSUPPORT, "socket type not supported")                                                \
    X(EPFNOSUPPORT, "protocol family not supported")                                               \
    X(ESHUTDOWN, "already shut down for sending")                                                  \
    X(ETOOMANYREFS, "too many references")                                                         \
    X(EHOSTDOWN, "host is down")                                                                   \
    X(EUSERS, "too many users")                                                                    \
    X(EREMOTE, "object is remote")                                                                 \
    X(ESTALE, "stale file handle")                                                                 \
    X(EDQUOT, "disk quota exceeded")                                                               \
    X(EMULTIHOP, "multihop attempted")
#else
#define ERRNO_BSD_MAP(X)
#endif

#ifdef ENONET
#define ERRNO_LINUX_MAP(X)                                                                         \
    X(ENONET, "machine is not on the network")                                                     \
    X(ENOSTR, "not a stream")                                                                      \
    X(ENOSR, "out of stream resources")                                                            \
    X(ECOMM, "communication error on send")                                                        \
    X(EREMOTEIO, "remote input/output error")                                                      \
    X(ENOTUNIQ, "name not unique on the network")                                                  \
    X(EBADFD, "file descriptor in a bad state")                                                    \
    X(EREMCHG, "remote address changed")                                                           \
    X(ERESTART, "interrupted system call should be restarted")                                     \
    X(ESTRPIPE, "stream pipe error")                                                               \
    X(EUNATCH, "protocol driver not attached")                                                     \
    X(EUCLEAN, "structure needs cleaning")                                                         \
    X(ENOMEDIUM, "no medium in the drive")                                                         \
    X(EMEDIUMTYPE, "wrong medium type")                                                            \
    X(ENOKEY, "required key not available")                                                        \
    X(EKEYEXPIRED, "key has expired")                                                              \
    X(EKEYREVOKED, "key has been revoked")                                                         \
    X(EKEYREJECTED, "key was rejected")                                                            \
    X(ERFKILL, "radio is switched off")                                                            \
    X(EHWPOISON, "memory page has a hardware error")
#else
#define ERRNO_LINUX_MAP(X)
#endif

struct error_row {
    eddy_result code;
    const char *name;
    const char *text;
};

#define ROW_OF_EDDY(name, number, text) {name, #name, text},
#define ROW_OF_ERRNO(name, text)        {-(name), #name, text},

static const struct error_row rows[] = {
    EDDY_ERROR_MAP(ROW_OF_EDDY)   /* below -10000 */
    ERRNO_POSIX_MAP(ROW_OF_ERRNO) /* from here on -errno */
    ERRNO_BSD_MAP(ROW_OF_ERRNO)   /* often empty off Unix */
    ERRNO_LINUX_MAP(ROW_OF_ERRNO) /* empty off Linux */
};

static const struct error_row row_ok = {0, "OK", "no error"};
static const struct error_row row_pending = {EDDY_PENDING, "EDDY_PENDING", "not yet"};
static const struct error_row row_unknown = {-1, "EUNKNOWN", "unknown error"};

static const struct error_row *find_row(eddy_result result)
{
    if (result >= 0)
        return &row_ok;
    if (result == EDDY_PENDING)
        return &row_pending;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == result)
            return &rows[i];
    }
    return &row_unknown;
}

const char *eddy_error_name(eddy_result result)
{
    return find_row(result)->name;
}

const char *eddy_strerror(eddy_result result)
{
    return find_row(result)->text;
}
