/* SPDX-License-Identifier: MIT */
/*
 * list.h - intrusive circular doubly linked list. A head is a node that holds no element.
 * A node that is in no list points to itself, so that removing it twice is harmless.
 * Not thread-safe; owns nothing.
 */
#ifndef EDDY__LIST_H
#define EDDY__LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct eddy__node {
    struct eddy__node *prev, *next;
} eddy__node;

#define EDDY__CONTAINER(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* The body may remove `it`: the next node is read before the body runs. */
#define EDDY__LIST_FOR_EACH_SAFE(it, following, head)                                              \
    for (eddy__node *it = (head)->next, *following = it->next; it != (head);                       \
         it = following, following = it->next)

#define EDDY__LIST_FOR_EACH(it, head)                                                              \
    for (eddy__node *it = (head)->next; it != (head); it = it->next)

static inline void eddy__list_init(eddy__node *node)
{
    node->prev = node->next = node;
}

static inline bool eddy__list_empty(const eddy__node *head)
{
    return head->next == head;
}

static inline void eddy__list_insert_before(eddy__node *place, eddy__node *node)
{
    node->prev = place->prev;
    node->next = place;
    place->prev->next = node;
    place->prev = node;
}

static inline void eddy__list_append(eddy__node *head, eddy__node *node)
{
    eddy__list_insert_before(head, node);
}

/* Take a node out that is in a list, and whose links nobody looks at before it is in one again. */
static inline void eddy__list_take(eddy__node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}

static inline void eddy__list_remove(eddy__node *node)
{
    eddy__list_take(node);
    eddy__list_init(node);
}

/* Move every node of `from` to the end of `to`; `from` is empty afterwards. */
static inline void eddy__list_splice(eddy__node *to, eddy__node *from)
{
    if (eddy__list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    eddy__list_init(from);
}

#endif
