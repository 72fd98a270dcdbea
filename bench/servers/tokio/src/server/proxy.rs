// SPDX-License-Identifier: MIT
//! Passes on what comes from either side. tokio's own copy_bidirectional has buffers of 8 KB, which
//! in this version cannot be changed; this has those of the other servers.
use crate::socket::{self, address, READ_BYTES};
use std::io::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::TcpStream;

/// The end is passed on, too.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<()> {
    let mut bytes = Vec::with_capacity(READ_BYTES);
    while from.read_buf(&mut bytes).await? > 0 {
        to.write_all(&bytes).await?;
        bytes.clear();
    }
    to.shutdown().await
}

async fn client(mut near: TcpStream, upstream: u16) -> Result<()> {
    let mut far = TcpStream::connect(address(upstream)).await?;
    far.set_nodelay(true)?;
    let (from_near, to_near) = near.split();
    let (from_far, to_far) = far.split();
    tokio::try_join!(pass(from_near, to_far), pass(from_far, to_near)).map(|_| ())
}

pub async fn serve(port: u16, upstream: u16) {
    let client = move |near| async move {
        let _ = client(near, upstream).await; // a connection that breaks ends both
    };
    socket::serve(port, client).await
}
