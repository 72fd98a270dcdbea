/* SPDX-License-Identifier: MIT */
/*
 * eddy/file.h - regular files as futures, on the threads of a pool (eddy/pool.h): the kernel has no
 * other way of reading a file that does not block. Not for sockets, pipes and terminals.
 *
 * The operations of one file may overlap; each says at which offset it works. Memory that is read to
 * is written on the loop's thread when the result is told, and what is to be written is copied when
 * the future is made: a future that is dropped in the middle leaves nobody writing into freed memory.
 *
 * On a simulated loop the files are the real ones, and take virtual time.
 *
 * All futures here: results as the system calls', -errno; and as eddy_blocking() has them: EDDY_CLOSED,
 * EDDY_DROPPED: the pool was ended; -EAGAIN: no thread; -ENOMEM. Dropping one before it has started
 * means that it never happens, later that nobody is told.
 */
#ifndef EDDY_FILE_H
#define EDDY_FILE_H

#include "eddy/buf.h"
#include "eddy/pool.h"

EDDY_EXTERN_C_BEGIN

/** An open file. Reference counted inside: what is under way keeps it open. */
typedef struct eddy_file eddy_file;

/** How to open a file: a sum of these; READ, WRITE or both. */
typedef enum eddy_file_flags {
    EDDY_FILE_READ = 1 << 0,
    EDDY_FILE_WRITE = 1 << 1,
    EDDY_FILE_CREATE = 1 << 2,    /* when it does not exist, with mode 0666 less the umask */
    EDDY_FILE_EXCLUSIVE = 1 << 3, /* with CREATE: it must not exist: -EEXIST */
    EDDY_FILE_TRUNCATE = 1 << 4,  /* what was in it goes */
    EDDY_FILE_APPEND = 1 << 5     /* each write goes to the end, whatever its offset */
} eddy_file_flags;

/** What a path leads to. */
typedef enum eddy_file_kind {
    EDDY_FILE_REGULAR,
    EDDY_FILE_DIRECTORY,
    EDDY_FILE_OTHER
} eddy_file_kind;

/** What is known about a file without reading it. */
typedef struct eddy_file_info {
    uint64_t size_bytes;
    int64_t modified_ns;  /* since 1970-01-01 00:00 UTC */
    uint32_t permissions; /* the lower 12 bits of its mode */
    eddy_file_kind kind;
    uint64_t device, inode; /* the same pair is the same file */
} eddy_file_info;

/**
 * Read a whole file.
 * @param handle     loop
 * @param pool       pool
 * @param path       NUL-terminated, copied
 * @param bytes_max  1 .. 2^31 - 1; of a larger file nothing is read: -EFBIG
 * @param buf        set when the result is told, owned by the caller: its bytes; NULL when the file is
 *                   empty. Memory of the pool's allocator. Untouched on error
 * @return           boxed future of the file's length. Files of no known length (/proc, a pipe with a
 *                   name) are read to their end
 * Dropping: see the top. Thread: loop. Allocates: once the file's length, twice when it changes.
 */
EDDY_API eddy_future *eddy_file_read(eddy_handle *handle, eddy_pool *pool, const char *path,
                                     size_t bytes_max, eddy_buf **buf);

/**
 * Write a whole file: create it, or replace what is in it. Not atomic: who reads meanwhile may see a
 * part. Not synced.
 * @param handle  loop
 * @param pool    pool
 * @param path    NUL-terminated, copied
 * @param buf     what to write; the future takes a reference of its own. NULL: nothing
 * @return        boxed future of the bytes written: all
 * Dropping: see the top. Thread: loop. Allocates: as eddy_blocking().
 */
EDDY_API eddy_future *eddy_file_write(eddy_handle *handle, eddy_pool *pool, const char *path,
                                      eddy_buf *buf);

/**
 * Ask about a path. Symbolic links are followed.
 * @param handle  loop
 * @param pool    pool
 * @param path    NUL-terminated, copied
 * @param info    filled when the result is told
 * @return        boxed future of 0
 * Dropping: see the top. Thread: loop. Allocates: as eddy_blocking(). See: stat(2)
 */
EDDY_API eddy_future *eddy_file_stat(eddy_handle *handle, eddy_pool *pool, const char *path,
                                     eddy_file_info *info);

/**
 * Open a file.
 * @param handle  loop
 * @param pool    pool, also for all that is done with the file
 * @param path    NUL-terminated, copied
 * @param flags   eddy_file_flags; others, or neither READ nor WRITE, give -EINVAL
 * @param file    set when the result is told, owned by the caller
 * @return        boxed future of 0. The descriptor is closed on exec
 * Dropping: see the top; a file that was opened in vain is closed. Thread: loop. Allocates: as
 * eddy_blocking(). See: open(2)
 */
EDDY_API eddy_future *eddy_file_open(eddy_handle *handle, eddy_pool *pool, const char *path,
                                     uint32_t flags, eddy_file **file);

/**
 * Read a part.
 * @param handle  loop
 * @param file    open for reading
 * @param memory  room for len bytes, must stay while the future does; written when the result is told
 * @param len     0 .. 2^31 - 1 (asserted)
 * @param offset  from the file's beginning, bytes
 * @return        boxed future of the bytes read: len, fewer only at the file's end
 * Dropping: see the top. Thread: loop. Allocates: as eddy_blocking(), and len bytes with the job. Cost:
 * one copy. See: pread(2)
 */
EDDY_API eddy_future *eddy_file_read_at(eddy_handle *handle, eddy_file *file, void *memory,
                                        size_t len, uint64_t offset);

/**
 * Write a part.
 * @param handle  loop
 * @param file    open for writing
 * @param data    len bytes, copied now
 * @param len     0 .. 2^31 - 1 (asserted)
 * @param offset  from the file's beginning, bytes; does not count with EDDY_FILE_APPEND
 * @return        boxed future of len; after an error (-ENOSPC, -EIO ...) a part may be in the file
 * Dropping: see the top. Thread: loop. Allocates: as eddy_blocking(), and len bytes with the job. Cost:
 * one copy. See: pwrite(2)
 */
EDDY_API eddy_future *eddy_file_write_at(eddy_handle *handle, eddy_file *file, const void *data,
                                         size_t len, uint64_t offset);

/**
 * Wait until what was written would survive a crash.
 * @param handle  loop
 * @param file    open file
 * @return        boxed future of 0
 * Dropping: see the top. Thread: loop. Allocates: as eddy_blocking(). See: fsync(2)
 */
EDDY_API eddy_future *eddy_file_sync(eddy_handle *handle, eddy_file *file);

/**
 * Ask about an open file.
 * @param handle  loop
 * @param file    open file
 * @param info    filled when the result is told
 * @return        boxed future of 0
 * Dropping: see the top. Thread: loop. Allocates: as eddy_blocking(). See: fstat(2)
 */
EDDY_API eddy_future *eddy_file_info_get(eddy_handle *handle, eddy_file *file,
                                         eddy_file_info *info);

/**
 * Close a file, and hear what the system has to say to that.
 * @param handle  loop
 * @param file    taken over: not to be used any more
 * @return        boxed future of 0, or the error of a write that had been put off. While operations
 *                are under way it is 0 and the descriptor is closed by the last of them
 * Dropping: it is closed all the same. Thread: loop. Allocates: as eddy_blocking(). See: close(2)
 */
EDDY_API eddy_future *eddy_file_close(eddy_handle *handle, eddy_file *file);

/**
 * Give a file back. The descriptor is closed now, or by the last operation that is under way.
 * @param file  file; NULL does nothing
 * Thread: any. May block, on a network's file system; eddy_file_close() does not. Allocates: no.
 */
EDDY_API void eddy_file_free(eddy_file *file);

EDDY_EXTERN_C_END

#endif
