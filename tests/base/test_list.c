/* SPDX-License-Identifier: MIT */
/*
 * Tests of the intrusive list, src/base/list.h. After each step the whole ring is read in both
 * directions, so that a wrong link shows where it was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

typedef struct item {
    int number;
    eddy__node link;
} item;

enum { ITEMS = 6 };

static void make_items(item *items)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].number = i;
        eddy__list_init(&items[i].link);
    }
}

static int number_of(const eddy__node *node)
{
    return EDDY__CONTAINER(node, const item, link)->number;
}

/* The list holds exactly the items whose digits `expected` has, in this order. */
static void assert_holds(const eddy__node *head, const char *expected)
{
    const char *at = expected;
    EDDY__LIST_FOR_EACH (it, head) {
        assert_int_equal(number_of(it), *at - '0');
        assert_ptr_equal(it->next->prev, it);
        assert_ptr_equal(it->prev->next, it);
        at++;
    }
    assert_int_equal(*at, '\0');
    assert_int_equal(eddy__list_empty(head), at == expected);
    assert_ptr_equal(head->next->prev, head);
    assert_ptr_equal(head->prev->next, head);
}

static void append_range(eddy__node *head, item *items, int from, int to)
{
    for (int i = from; i < to; i++)
        eddy__list_append(head, &items[i].link);
}

static void list_is_empty_after_init(void **state)
{
    eddy__node head;
    (void)state;
    eddy__list_init(&head);
    assert_holds(&head, "");
}

static void list_appends_at_the_end(void **state)
{
    item items[ITEMS];
    eddy__node head;
    (void)state;
    make_items(items);
    eddy__list_init(&head);
    append_range(&head, items, 0, 1);
    assert_holds(&head, "0");
    append_range(&head, items, 1, ITEMS);
    assert_holds(&head, "012345");
}

static void list_inserts_before_any_element(void **state)
{
    item items[ITEMS];
    eddy__node head;
    (void)state;
    make_items(items);
    eddy__list_init(&head);
    append_range(&head, items, 0, 3);
    eddy__list_insert_before(&items[0].link, &items[3].link);
    assert_holds(&head, "3012");
    eddy__list_insert_before(&items[2].link, &items[4].link);
    assert_holds(&head, "30142");
}

static void list_removes_first_middle_last_and_only(void **state)
{
    item items[ITEMS];
    eddy__node head;
    (void)state;
    make_items(items);
    eddy__list_init(&head);
    append_range(&head, items, 0, 4);
    eddy__list_remove(&items[0].link);
    assert_holds(&head, "123");
    eddy__list_remove(&items[2].link);
    assert_holds(&head, "13");
    eddy__list_remove(&items[3].link);
    assert_holds(&head, "1");
    eddy__list_remove(&items[1].link);
    assert_holds(&head, "");
}

static void list_removing_twice_is_harmless(void **state)
{
    item items[ITEMS];
    eddy__node head;
    (void)state;
    make_items(items);
    eddy__list_init(&head);
    append_range(&head, items, 0, 3);
    eddy__list_remove(&items[1].link);
    eddy__list_remove(&items[1].link);
    eddy__list_remove(&items[5].link);
    assert_holds(&head, "02");
    assert_true(eddy__list_empty(&items[1].link));
    eddy__list_append(&head, &items[1].link);
    assert_holds(&head, "021");
}

static void list_splice_keeps_order_and_empties_its_source(void **state)
{
    item items[ITEMS];
    eddy__node to, from;
    (void)state;
    make_items(items);
    eddy__list_init(&to);
    eddy__list_init(&from);
    append_range(&from, items, 0, 2);
    eddy__list_splice(&to, &from);
    assert_holds(&to, "01");
    assert_holds(&from, "");
    append_range(&from, items, 2, 5);
    eddy__list_splice(&to, &from);
    assert_holds(&to, "01234");
    assert_holds(&from, "");
}

static void list_splice_of_an_empty_list_changes_nothing(void **state)
{
    item items[ITEMS];
    eddy__node to, from;
    (void)state;
    make_items(items);
    eddy__list_init(&to);
    eddy__list_init(&from);
    eddy__list_splice(&to, &from);
    assert_holds(&to, "");
    append_range(&to, items, 0, 2);
    eddy__list_splice(&to, &from);
    assert_holds(&to, "01");
    assert_holds(&from, "");
}

static void list_safe_walk_may_remove_what_it_visits(void **state)
{
    item items[ITEMS];
    eddy__node head, odd;
    int visited = 0;
    (void)state;
    make_items(items);
    eddy__list_init(&head);
    eddy__list_init(&odd);
    append_range(&head, items, 0, ITEMS);
    EDDY__LIST_FOR_EACH_SAFE (it, following, &head) {
        visited++;
        if (number_of(it) % 2 == 0)
            continue;
        eddy__list_remove(it);
        eddy__list_append(&odd, it);
    }
    assert_int_equal(visited, ITEMS);
    assert_holds(&head, "024");
    assert_holds(&odd, "135");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_empty_after_init),
        cmocka_unit_test(list_appends_at_the_end),
        cmocka_unit_test(list_inserts_before_any_element),
        cmocka_unit_test(list_removes_first_middle_last_and_only),
        cmocka_unit_test(list_removing_twice_is_harmless),
        cmocka_unit_test(list_splice_keeps_order_and_empties_its_source),
        cmocka_unit_test(list_splice_of_an_empty_list_changes_nothing),
        cmocka_unit_test(list_safe_walk_may_remove_what_it_visits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
