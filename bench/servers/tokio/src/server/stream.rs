// SPDX-License-Identifier: MIT
//! Echo.
use crate::socket::READ_BYTES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The buffer is not zeroed: no page of it is touched before it is used.
pub async fn echo(mut stream: TcpStream) {
    let mut bytes = Vec::with_capacity(READ_BYTES);
    while matches!(stream.read_buf(&mut bytes).await, Ok(got) if got > 0) {
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
        bytes.clear();
    }
}
