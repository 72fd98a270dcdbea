/* SPDX-License-Identifier: MIT */
/*
 * wakefd.h - a descriptor by which any thread makes a loop return from its wait in the kernel.
 *
 * It becomes readable with every signal and is never read: a driver watches it edge-triggered
 * (EPOLLIN | EPOLLET, or a multishot poll with EPOLLET), which reports each signal and saves the
 * read. It carries no data and does not count; whether a signal is needed at all is the inbox's
 * business.
 */
#ifndef EDDY__WAKEFD_H
#define EDDY__WAKEFD_H

/* A new descriptor, nonblocking and close-on-exec; or -EMFILE, -ENFILE, -ENOMEM. */
int eddy__wakefd_open(void);

/* Report one more edge. Any thread, as long as the descriptor is open. One system call. */
void eddy__wakefd_signal(int fd);

/* To be called when no thread can signal any more. */
void eddy__wakefd_close(int fd);

#endif
