// SPDX-License-Identifier: MIT
//! Several futures at once: join, select, sets.
use crate::measure::{self, alone, sum_to, Measure};
use crate::tasks::{fan, Gate};
use crate::{add, take_sum};
use futures::future::{join, join_all, pending, select, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use std::future::poll_fn;
use std::task::Poll;
use tokio::runtime::Runtime;
use tokio::task::yield_now;

const MANY: u64 = 100_000;

pub fn measures() -> Vec<Measure> {
    vec![
        alone("join_2", join_2),
        alone("join_2_boxed", join_2_boxed),
        alone("join_100", join_100),
        alone("select_2", select_2),
        alone("select_2_boxed", select_2_boxed),
        alone("unordered_100k", unordered_100k),
        alone("unordered_wake", unordered_wake),
    ]
}

/// Pending once, then the value.
async fn tick(value: u64) -> u64 {
    yield_now().await;
    value
}

async fn join_2_often(times: u64) {
    for _ in 0..times {
        let (first, second) = tokio::join!(tick(1), tick(2));
        add(first + second);
    }
}

fn join_2(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, join_2_often);
    assert_eq!(take_sum(), 3 * done);
    done
}

async fn join_2_boxed_often(times: u64) {
    for _ in 0..times {
        let (first, second) = join(tick(1).boxed(), tick(2).boxed()).boxed().await;
        add(first + second);
    }
}

fn join_2_boxed(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, join_2_boxed_often);
    assert_eq!(take_sum(), 3 * done);
    done
}

async fn join_100_often(times: u64) {
    for _ in 0..times {
        add(join_all((0..100).map(tick)).await.iter().sum());
    }
}

fn join_100(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, join_100_often);
    assert_eq!(take_sum(), sum_to(100) * done);
    done
}

async fn select_often(times: u64) {
    for _ in 0..times {
        add(tokio::select! {
            value = tick(1) => value,
            value = pending() => value,
        });
    }
}

fn select_2(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, select_often);
    assert_eq!(take_sum(), done);
    done
}

async fn select_boxed_often(times: u64) {
    for _ in 0..times {
        add(select(tick(1).boxed(), pending().boxed()).boxed().await.factor_first().0);
    }
}

fn select_2_boxed(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, select_boxed_often);
    assert_eq!(take_sum(), done);
    done
}

/// Push all, then take all.
fn unordered_100k(runtime: &Runtime, count: u64) -> u64 {
    let times = count / MANY + 1;
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for _ in 0..times {
            let mut set: FuturesUnordered<_> = (0..MANY).map(tick).collect();
            while let Some(value) = set.next().await {
                sum += value;
            }
        }
        sum
    });
    assert_eq!(sum, times * sum_to(MANY));
    times * MANY
}

/// Counts how often it was woken, and never ends.
async fn counter(gate: Gate) {
    loop {
        gate.wait().await;
        add(1);
    }
}

/// One of many pending futures is woken, the set is polled.
fn unordered_wake(runtime: &Runtime, count: u64) -> u64 {
    let gates: Vec<_> = (0..MANY).map(|_| Gate::default()).collect();
    let mut set: FuturesUnordered<_> = gates.iter().cloned().map(counter).collect();
    take_sum();
    runtime.block_on(poll_fn(|context| {
        assert!(set.poll_next_unpin(context).is_pending());
        measure::begin();
        for i in 0..count {
            gates[(i * 7919 % MANY) as usize].wake();
            assert!(set.poll_next_unpin(context).is_pending());
        }
        measure::end();
        Poll::Ready(())
    }));
    assert_eq!(take_sum(), count);
    count
}
