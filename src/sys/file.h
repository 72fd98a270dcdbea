/* SPDX-License-Identifier: MIT */
/*
 * file.h - regular files, by calls that block. For the threads of a pool. -errno on error; a call
 * that a signal has interrupted is made again.
 */
#ifndef EDDY__SYS_FILE_H
#define EDDY__SYS_FILE_H

#include "eddy/file.h"

/* A descriptor, closed on exec. `flags`: eddy_file_flags. */
int eddy__file_open(const char *path, uint32_t flags);
/* Once, whatever it returns. */
int eddy__file_close(int fd);
/* From where the descriptor stands; bytes, 0 at the end. */
int64_t eddy__file_read_some(int fd, void *memory, size_t len);
/* len, fewer only at the end of the file. */
int64_t eddy__file_read_at(int fd, void *memory, size_t len, uint64_t offset);
/* len, or an error after which a part may be written. */
int64_t eddy__file_write_at(int fd, const void *data, size_t len, uint64_t offset);
int eddy__file_sync(int fd);
int eddy__file_stat(const char *path, eddy_file_info *info);
int eddy__file_stat_open(int fd, eddy_file_info *info);

#endif
