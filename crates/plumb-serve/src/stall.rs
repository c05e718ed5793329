//! A connection whose client must go on: one that takes nothing of its answer for too long is closed, and one that does not end the head of a request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream with limits on how long a write may wait, and a head that has begun.
#[derive(Debug)]
pub(crate) struct Stalling<S> {
    stream: S,
    patience: Duration,
    waits: Option<Pin<Box<Sleep>>>,
    head: Option<Head>,
}

/// The head that is being read.
#[derive(Debug)]
struct Head {
    patience: Duration,
    turns: Turns,
    /// The turn that the rest is about.
    turn: u64,
    /// Whether bytes of it have come.
    is_begun: bool,
    ends: Option<Pin<Box<Sleep>>>,
}

/// Whose turn it is on a connection: the client's at even numbers, the server's at odd ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<AtomicU64>);

impl Turns {
    /// The next one's turn.
    pub(crate) fn pass(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<S> Stalling<S> {
    /// A stream whose writes may wait so long.
    pub(crate) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, waits: None, head: None }
    }

    /// The same, with so long from the first byte of a client's turn to its end.
    pub(crate) fn with_heads(self, patience: Duration, turns: Turns) -> Self {
        Self { head: Some(Head { patience, turns, turn: 0, is_begun: false, ends: None }), ..self }
    }

    /// What a write came to; an error where it has waited too long.
    fn judged<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waits = None;
            return polled;
        }
        let patience = self.patience;
        waited(self.waits.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))), cx)
    }
}

/// Goes on waiting; an error at its end.
fn waited<T>(waits: &mut Pin<Box<Sleep>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
    waits.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
}

impl Head {
    /// What a read of so many bytes came to; an error where the head has taken too long. The time begins at the first wait behind the first byte, so that
    /// a head that comes at once costs none.
    fn judged(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<()>>,
        bytes: usize,
    ) -> Poll<io::Result<()>> {
        let turn = self.turns.0.load(Ordering::Relaxed);
        if turn != self.turn {
            (self.turn, self.is_begun, self.ends) = (turn, false, None);
        }
        if turn % 2 == 1 {
            return polled;
        }
        self.is_begun |= bytes > 0;
        if polled.is_ready() || !self.is_begun {
            return polled;
        }
        let patience = self.patience;
        waited(self.ends.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))), cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        match &mut self.head {
            Some(head) => head.judged(cx, polled, into.filled().len() - before),
            None => polled,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judged(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.judged(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judged(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judged(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn a_client_that_does_not_read_is_let_go() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (ours, _theirs) = tokio::io::duplex(16);
            let mut stream = Stalling::new(ours, Duration::from_millis(20));
            assert!(stream.write_all(&[0; 16]).await.is_ok());
            let stalled = stream.write_all(&[0; 16]).await.unwrap_err();
            assert_eq!(stalled.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn a_head_that_has_begun_must_end_and_the_pause_before_it_may_last() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(64);
            let (turns, pause) = (Turns::default(), Duration::from_millis(90));
            let mut stream = Stalling::new(ours, pause).with_heads(pause / 3, turns.clone());
            let mut into = [0; 8];
            for _ in 0..2 {
                assert!(
                    tokio::time::timeout(pause, stream.read(&mut into)).await.is_err(),
                    "nothing has begun"
                );
                theirs.write_all(b"head").await.unwrap();
                assert_eq!(stream.read(&mut into).await.unwrap(), 4);
                turns.pass();
                assert!(tokio::time::timeout(pause, stream.read(&mut into)).await.is_err(), "it is answered");
                turns.pass();
            }
            let dripping = async {
                loop {
                    theirs.write_all(b"a").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let reading = async {
                loop {
                    if let Err(error) = stream.read(&mut into).await {
                        break error.kind();
                    }
                }
            };
            let ended = tokio::select! { never = dripping => never, ended = reading => ended };
            assert_eq!(ended, io::ErrorKind::TimedOut, "bytes that drip do not lengthen it");
        });
    }
}
