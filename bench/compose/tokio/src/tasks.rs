// SPDX-License-Identifier: MIT
//! Tasks: spawning, waking, resuming, awaiting, chains, time, threads.
use crate::measure::{self, alone, sum_to, Measure};
use crate::{add, sum, take_sum};
use futures::future::{ready, BoxFuture, FutureExt, TryFutureExt};
use std::future::{poll_fn, Future};
use std::hint::black_box;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::{yield_now, JoinSet};
use tokio::time::{sleep, Sleep};

const BATCH: u64 = 1000;
const FAN: u64 = 256;
const STEPS: u64 = 100;

pub fn measures() -> Vec<Measure> {
    vec![
        alone("spawn", spawn),
        alone("spawn_join", spawn_join),
        alone("group", group),
        alone("wake", wake),
        alone("wake_thread", wake_thread),
        alone("resume_1", resume_1),
        alone("resume_8", resume_8),
        alone("await_child", await_child),
        alone("await_boxed", await_boxed),
        alone("chain_map", chain_map),
        alone("chain_and_then", chain_and_then),
        alone("timer", timer),
        alone("pool", pool),
    ]
}

/// Runs the operations in FAN tasks at once, so that the turns of the loop are shared.
pub fn fan<F>(runtime: &Runtime, count: u64, make: impl Fn(u64) -> F) -> u64
where
    F: Future<Output = ()> + Send + 'static,
{
    let each = count / FAN + 1;
    take_sum();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..FAN).map(|_| tokio::spawn(make(each))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    each * FAN
}

/// The last of a batch tells the one who waits for all.
fn spawn(runtime: &Runtime, count: u64) -> u64 {
    let batches = count / BATCH + 1;
    take_sum();
    runtime.block_on(async {
        for batch in 0..batches {
            let (last, all) = tokio::sync::oneshot::channel();
            let first = batch * BATCH;
            for i in first..first + BATCH - 1 {
                tokio::spawn(async move { add(i) });
            }
            tokio::spawn(async move {
                add(first + BATCH - 1);
                last.send(()).unwrap();
            });
            all.await.unwrap();
        }
    });
    assert_eq!(take_sum(), sum_to(batches * BATCH));
    batches * BATCH
}

fn spawn_join(runtime: &Runtime, count: u64) -> u64 {
    let batches = count / BATCH + 1;
    let sum = runtime.block_on(async {
        let mut sum = 0;
        let mut handles = Vec::with_capacity(BATCH as usize);
        for batch in 0..batches {
            for i in batch * BATCH..(batch + 1) * BATCH {
                handles.push(tokio::spawn(async move { i }));
            }
            for handle in handles.drain(..) {
                sum += handle.await.unwrap();
            }
        }
        sum
    });
    assert_eq!(sum, sum_to(batches * BATCH));
    batches * BATCH
}

fn group(runtime: &Runtime, count: u64) -> u64 {
    let batches = count / BATCH + 1;
    let sum = runtime.block_on(async {
        let mut sum = 0;
        let mut group = JoinSet::new();
        for batch in 0..batches {
            for i in batch * BATCH..(batch + 1) * BATCH {
                group.spawn(async move { i });
            }
            while let Some(result) = group.join_next().await {
                sum += result.unwrap();
            }
        }
        sum
    });
    assert_eq!(sum, sum_to(batches * BATCH));
    batches * BATCH
}

/// Where a task waits until it is woken; locked so that tasks may hold it, never contended.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<(bool, Option<Waker>)>>);

impl Gate {
    pub async fn wait(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if std::mem::take(&mut state.0) {
                return Poll::Ready(());
            }
            if !matches!(&state.1, Some(waker) if waker.will_wake(context.waker())) {
                state.1 = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
    pub fn wake(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        if let Some(waker) = &state.1 {
            waker.wake_by_ref();
        }
    }
}

fn wake(runtime: &Runtime, count: u64) -> u64 {
    let times = count / BATCH + 1;
    take_sum();
    runtime.block_on(async {
        let gates: Vec<_> = (0..BATCH).map(|_| Gate::default()).collect();
        for gate in gates.iter().cloned() {
            tokio::spawn(async move {
                for _ in 0..times {
                    gate.wait().await;
                    add(1);
                }
            });
        }
        measure::begin();
        for round in 1..=times {
            gates.iter().for_each(Gate::wake);
            while sum() < round * BATCH {
                yield_now().await;
            }
        }
    });
    assert_eq!(take_sum(), times * BATCH);
    times * BATCH
}

/// A semaphore of the system's, as in the other programs.
struct Semaphore(std::cell::UnsafeCell<libc::sem_t>);
unsafe impl Sync for Semaphore {}

impl Semaphore {
    fn new() -> Semaphore {
        let semaphore = Semaphore(unsafe { std::mem::zeroed() });
        unsafe { libc::sem_init(semaphore.0.get(), 0, 0) };
        semaphore
    }
    fn post(&self) {
        unsafe { libc::sem_post(self.0.get()) };
    }
    fn wait(&self) {
        while unsafe { libc::sem_wait(self.0.get()) } != 0 {}
    }
}

/// A thread wakes a task and sleeps until the task has answered.
fn wake_thread(runtime: &Runtime, count: u64) -> u64 {
    let gate = Gate::default();
    let answer = Semaphore::new();
    let answers = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            for _ in 0..count {
                gate.wake();
                answer.wait();
            }
        });
        let answers = runtime.block_on(async {
            for _ in 0..count {
                gate.wait().await;
                answer.post();
            }
            count
        });
        other.join().unwrap();
        answers
    });
    assert_eq!(answers, count);
    count
}

async fn resumed(times: u64) {
    for _ in 0..times {
        yield_now().await;
        add(1);
    }
}

/// One async function that awaits another.
macro_rules! around {
    ($name:ident, $inner:ident) => {
        async fn $name(times: u64) {
            $inner(times).await
        }
    };
}
around!(depth_2, resumed);
around!(depth_3, depth_2);
around!(depth_4, depth_3);
around!(depth_5, depth_4);
around!(depth_6, depth_5);
around!(depth_7, depth_6);
around!(depth_8, depth_7);

fn resume_1(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, resumed);
    assert_eq!(take_sum(), done);
    done
}

fn resume_8(runtime: &Runtime, count: u64) -> u64 {
    let done = fan(runtime, count, depth_8);
    assert_eq!(take_sum(), done);
    done
}

/// black_box() keeps the compiler from adding everything up before the program runs.
async fn at_once(value: u64) -> u64 {
    black_box(value)
}

fn await_child(runtime: &Runtime, count: u64) -> u64 {
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for i in 0..count {
            sum += at_once(i).await;
        }
        sum
    });
    assert_eq!(sum, sum_to(count));
    count
}

fn await_boxed(runtime: &Runtime, count: u64) -> u64 {
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for i in 0..count {
            sum += black_box(at_once(i).boxed()).await;
        }
        sum
    });
    assert_eq!(sum, sum_to(count));
    count
}

type Boxed = BoxFuture<'static, Result<u64, ()>>;

/// Builds a chain of boxed futures step by step, as a program does that does not know its length.
fn chain(runtime: &Runtime, count: u64, step: fn(Boxed) -> Boxed) -> u64 {
    let times = count / STEPS + 1;
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for i in 0..times {
            let mut future = ready(Ok(i)).boxed();
            for _ in 0..STEPS {
                future = step(future);
            }
            sum += future.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, sum_to(times) + STEPS * times);
    times * STEPS
}

fn chain_map(runtime: &Runtime, count: u64) -> u64 {
    chain(runtime, count, |future| future.map_ok(|value| value + 1).boxed())
}

fn chain_and_then(runtime: &Runtime, count: u64) -> u64 {
    chain(runtime, count, |future| future.and_then(|value| ready(Ok(value + 1)).boxed()).boxed())
}

/// A timer is started when it is polled first, and stopped when it is dropped.
fn timer(runtime: &Runtime, count: u64) -> u64 {
    let batches = count / BATCH + 1;
    let stopped = runtime.block_on(async {
        let mut timers: Vec<Option<Sleep>> = (0..BATCH).map(|_| None).collect();
        let mut stopped = 0;
        for _ in 0..batches {
            let mut delay = Duration::from_secs(1);
            for slot in timers.iter_mut() {
                delay += Duration::from_millis(3599);
                *slot = Some(sleep(delay));
            }
            poll_fn(|context| {
                for slot in timers.iter_mut() {
                    let timer = unsafe { Pin::new_unchecked(slot.as_mut().unwrap()) };
                    stopped += timer.poll(context).is_pending() as u64;
                }
                Poll::Ready(())
            })
            .await;
            timers.iter_mut().for_each(|slot| *slot = None);
            yield_now().await;
        }
        stopped
    });
    assert_eq!(stopped, batches * BATCH);
    batches * BATCH
}

fn pool(runtime: &Runtime, count: u64) -> u64 {
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for i in 0..count {
            sum += tokio::task::spawn_blocking(move || i + 1).await.unwrap();
        }
        sum
    });
    assert_eq!(sum, sum_to(count + 1));
    count
}
