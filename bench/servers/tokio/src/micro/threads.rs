// SPDX-License-Identifier: MIT
//! Messages from threads, through channels.
use crate::micro::{leave_first, print, print_spread, sum_to, LATENCIES, MESSAGES};
use crate::run;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Long enough for the loop to go to sleep.
const PAUSE: Duration = Duration::from_micros(200);

fn thread(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        leave_first();
        work();
    })
}

fn print_rate(bench: &str, since: Instant, messages: u64) {
    print(bench, messages as f64 / since.elapsed().as_secs_f64() / 1e6, "M msg/s");
}

fn flood(runtime: &Runtime, bench: &str, senders: u64) {
    let each = MESSAGES / senders;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let since = Instant::now();
    let send_all = |sender: mpsc::UnboundedSender<u64>| {
        thread(move || (0..each).for_each(|value| sender.send(value).unwrap()))
    };
    let threads: Vec<_> = (0..senders).map(|_| send_all(sender.clone())).collect();
    drop(sender);
    let sum = run(runtime, async move {
        let mut sum = 0;
        while let Some(value) = receiver.recv().await {
            sum += value;
        }
        sum
    });
    assert_eq!(sum, senders * sum_to(each));
    print_rate(bench, since, each * senders);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn flood_bounded(runtime: &Runtime) {
    let count = MESSAGES / 4;
    let (sender, mut receiver) = mpsc::channel(1024);
    let since = Instant::now();
    let sending = thread(move || (0..count).for_each(|value| sender.blocking_send(value).unwrap()));
    let sum = run(runtime, async move {
        let mut sum = 0;
        while let Some(value) = receiver.recv().await {
            sum += value;
        }
        sum
    });
    assert_eq!(sum, sum_to(count));
    print_rate("xthread_flood_bounded1024", since, count);
    sending.join().unwrap();
}

fn latency(runtime: &Runtime) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Instant>();
    let sending = thread(move || {
        for _ in 0..LATENCIES {
            let then = Instant::now() + PAUSE;
            while Instant::now() < then {}
            sender.send(Instant::now()).unwrap();
        }
    });
    let took_ns = run(runtime, async move {
        let mut took_ns = Vec::with_capacity(LATENCIES);
        while let Some(sent) = receiver.recv().await {
            took_ns.push(sent.elapsed().as_nanos() as u64);
        }
        took_ns
    });
    sending.join().unwrap();
    assert_eq!(took_ns.len(), LATENCIES);
    print_spread("wake_latency", took_ns);
}

pub fn all(runtime: &Runtime) {
    flood(runtime, "xthread_flood", 1);
    flood(runtime, "xthread_flood_2", 2);
    flood(runtime, "xthread_flood_3", 3);
    flood(runtime, "xthread_flood_4", 4);
    latency(runtime);
    flood_bounded(runtime);
}
