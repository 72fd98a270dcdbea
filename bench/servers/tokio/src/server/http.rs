// SPDX-License-Identifier: MIT
//! Plaintext answers. The scanner counts the request heads that have come in whole and keeps a head
//! that has not; no header is looked at. The answer is written anew twice a second, for its date.
use crate::socket::{self, READ_BYTES};
use std::cell::RefCell;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_MAX: usize = 4096;

thread_local! { static ANSWER: RefCell<Vec<u8>> = RefCell::default(); }

fn date() -> String {
    let mut text = [0u8; 64];
    let size = unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut parts: libc::tm = std::mem::zeroed();
        libc::gmtime_r(&now, &mut parts);
        let format = b"%a, %d %b %Y %H:%M:%S GMT\0".as_ptr().cast();
        libc::strftime(text.as_mut_ptr().cast(), text.len(), format, &parts)
    };
    String::from_utf8_lossy(&text[..size]).into_owned()
}

fn write_answer() {
    let text = format!(
        "HTTP/1.1 200 OK\r\nServer: tokio\r\nDate: {}\r\nContent-Type: text/plain\r\n\
         Content-Length: 13\r\n\r\nHello, World!",
        date()
    );
    ANSWER.with(|answer| *answer.borrow_mut() = text.into_bytes());
}

/// memchr(3) is the system's, as in the other servers; the standard library has none.
fn find_return(bytes: &[u8]) -> Option<usize> {
    let start = bytes.as_ptr();
    let found = unsafe { libc::memchr(start.cast(), b'\r' as libc::c_int, bytes.len()) };
    (!found.is_null()).then(|| found as usize - start as usize)
}

/// Where the head that `bytes` begin with ends.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = find_return(&bytes[at..]) {
        at += next;
        if bytes.len() - at < 4 {
            return None;
        }
        if &bytes[at..at + 4] == b"\r\n\r\n" {
            return Some(at + 4);
        }
        at += 1;
    }
    None
}

/// Answers the heads that are there, and tells how many bytes they have; None: this is no GET.
fn answer(bytes: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    ANSWER.with(|answer| {
        let answer = answer.borrow();
        while let Some(size) = head_end(&bytes[at..]) {
            if !bytes[at..].starts_with(b"GET ") {
                return None;
            }
            out.extend_from_slice(&answer);
            at += size;
        }
        Some(at)
    })
}

async fn client(mut stream: TcpStream) {
    let mut bytes = Vec::with_capacity(READ_BYTES);
    let mut out = Vec::new();
    while matches!(stream.read_buf(&mut bytes).await, Ok(got) if got > 0) {
        let used = match answer(&bytes, &mut out) {
            Some(used) => used,
            None => return,
        };
        bytes.drain(..used);
        if bytes.len() > HEAD_MAX || stream.write_all(&out).await.is_err() {
            return;
        }
        out.clear();
    }
}

pub async fn serve(port: u16) {
    write_answer();
    tokio::spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            write_answer();
        }
    });
    socket::serve(port, client).await
}
