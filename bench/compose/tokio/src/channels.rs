// SPDX-License-Identifier: MIT
//! Channels and the mutex.
use crate::measure::{alone, parallel, sum_to, Measure};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, Mutex};

const CAPACITY: usize = 1024;

pub fn measures() -> Vec<Measure> {
    vec![
        alone("channel", channel),
        alone("channel_safe", channel), // there is no other kind
        parallel("channel_threads", channel_threads),
        alone("oneshot", send_once),
        alone("mutex", mutex),
        alone("mutex_safe", mutex), // as of the channels
    ]
}

async fn produce(sender: mpsc::Sender<u64>, count: u64) {
    for i in 0..count {
        sender.send(i).await.unwrap();
    }
}

async fn consume(mut receiver: mpsc::Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Some(value) = receiver.recv().await {
        sum += value;
    }
    sum
}

fn channel(runtime: &Runtime, count: u64) -> u64 {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let sum = runtime.block_on(async {
        tokio::spawn(produce(sender, count));
        tokio::spawn(consume(receiver)).await.unwrap()
    });
    assert_eq!(sum, sum_to(count));
    count
}

/// A loop for each thread.
fn channel_threads(runtime: &Runtime, count: u64) -> u64 {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let other = std::thread::spawn(move || {
        let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
        other.block_on(produce(sender, count));
    });
    let sum = runtime.block_on(async { tokio::spawn(consume(receiver)).await.unwrap() });
    other.join().unwrap();
    assert_eq!(sum, sum_to(count));
    count
}

fn send_once(runtime: &Runtime, count: u64) -> u64 {
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for i in 0..count {
            let (sender, receiver) = oneshot::channel();
            sender.send(i).unwrap();
            sum += receiver.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, sum_to(count));
    count
}

fn mutex(runtime: &Runtime, count: u64) -> u64 {
    let mutex = Mutex::new(0);
    let sum = runtime.block_on(async {
        for i in 0..count {
            *mutex.lock().await += i;
        }
        *mutex.lock().await
    });
    assert_eq!(sum, sum_to(count));
    count
}
