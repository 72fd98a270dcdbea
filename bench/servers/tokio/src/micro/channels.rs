// SPDX-License-Identifier: MIT
//! Oneshots that are sent to and fro between two tasks, and channels from task to task.
use crate::micro::{print_since, sum_to, thread_ns};
use crate::run;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

const HOPS: usize = 500_000; // of each of the two tasks
const ITEMS: usize = 3_000_000;

/// An answer is the sender of the next one.
struct Answer(oneshot::Sender<Answer>);

async fn hopper(mut receiver: oneshot::Receiver<Answer>) -> usize {
    for hops in 0..HOPS {
        let peer = match receiver.await {
            Ok(Answer(peer)) => peer,
            Err(_) => return hops,
        };
        let (sender, next) = oneshot::channel();
        if peer.send(Answer(sender)).is_err() {
            return hops + 1;
        }
        receiver = next;
    }
    HOPS
}

async fn hop() {
    let (first, to_one) = oneshot::channel();
    let (second, to_other) = oneshot::channel();
    let start_ns = thread_ns();
    let (one, other) = (tokio::spawn(hopper(to_one)), tokio::spawn(hopper(to_other)));
    assert!(first.send(Answer(second)).is_ok());
    let hops = one.await.unwrap() + other.await.unwrap();
    print_since("oneshot_hop", start_ns, hops);
    assert!(hops >= 2 * HOPS - 1);
}

async fn produce(sender: mpsc::Sender<u64>) {
    for value in 0..ITEMS as u64 {
        sender.send(value).await.unwrap();
    }
}

async fn through(bench: &'static str, capacity: usize) {
    let (sender, mut receiver) = mpsc::channel(capacity);
    let start_ns = thread_ns();
    tokio::spawn(produce(sender));
    let mut sum = 0;
    while let Some(value) = receiver.recv().await {
        sum += value;
    }
    print_since(bench, start_ns, ITEMS);
    assert_eq!(sum, sum_to(ITEMS as u64));
}

pub fn all(runtime: &Runtime) {
    run(runtime, hop());
    run(runtime, through("mpsc_same_loop_cap128", 128));
    run(runtime, through("mpsc_same_loop_cap1", 1));
}
