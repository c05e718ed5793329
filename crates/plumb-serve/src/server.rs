//! From a listening socket to requests, and from a signal to an end that loses none of them.
//!
//! The connections are driven by hyper itself, because only there the time for a request's head can be limited. Which version of HTTP a
//! client speaks is told by its first bytes, or by what it agreed on under TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::http::{self, Client};
use crate::stall::{Stalling, Turns};
use crate::tls::Tls;
use crate::{App, Limits};

/// Bytes of a request's head: a path of a name, headers of a proxy and a token.
const HEAD_BYTES: usize = 32 << 10;
/// Headers of a request.
const HEADERS: usize = 100;
/// How long a connection of HTTP/2 may be silent before it is asked whether somebody is there.
const SILENCE: Duration = Duration::from_secs(20);
/// How HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Answers until `end` is ready; then `/v2/health/ready` fails, new connections are taken for a moment more, what is in flight ends, and it
/// returns. Whether everything ended in time is the answer.
pub async fn serve(
    listener: std::net::TcpListener,
    app: Arc<App>,
    tls: Option<Arc<Tls>>,
    end: impl Future<Output = ()>,
) -> io::Result<bool> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let limits = *app.limits();
    let (tell_end, is_ending) = watch::channel(false);
    let door = Door { app: Arc::clone(&app), router: http::router(Arc::clone(&app)), tls, is_ending };
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut end = pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => door.take(accepted, &places, &mut connections).await,
        }
        while connections.try_join_next().is_some() {}
    }
    app.hub.set_open(false);
    let lame = tokio::time::sleep(limits.lame);
    let mut lame = pin!(lame);
    loop {
        tokio::select! {
            () = &mut lame => break,
            accepted = listener.accept() => door.take(accepted, &places, &mut connections).await,
        }
    }
    // What the system has taken already was promised an answer. The socket itself is asked: what the runtime knows of it may be old.
    let listener = listener.into_std()?;
    while let Ok((stream, address)) = listener.accept() {
        let accepted = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        door.take(accepted.map(|stream| (stream, address)), &places, &mut connections).await;
    }
    drop(listener);
    // Who was let in last has not asked yet: an end now would cut the question off.
    tokio::time::sleep(limits.lame / 2).await;
    // Connections without a request end now, the others behind their answer.
    let _everybody = tell_end.send(true).is_ok();
    let all = async { while connections.join_next().await.is_some() {} };
    Ok(tokio::time::timeout(limits.drain, all).await.is_ok())
}

/// What each connection shares.
struct Door {
    app: Arc<App>,
    router: Router,
    tls: Option<Arc<Tls>>,
    is_ending: watch::Receiver<bool>,
}

impl Door {
    async fn take(
        &self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
        places: &Arc<Semaphore>,
        connections: &mut JoinSet<()>,
    ) {
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, most likely: some will be free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        };
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            self.app.stats.turned_away.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let router = (self.router.clone(), Client(address.ip()));
        let (app, tls, is_ending) = (Arc::clone(&self.app), self.tls.clone(), self.is_ending.clone());
        connections.spawn(async move {
            app.stats.connections.fetch_add(1, Ordering::Relaxed);
            connection(stream, router, tls, app.limits(), is_ending).await;
            app.stats.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    router: (Router, Client),
    tls: Option<Arc<Tls>>,
    limits: &Limits,
    is_ending: watch::Receiver<bool>,
) {
    // Without it a short answer can wait for an acknowledgement.
    let _faster = stream.set_nodelay(true).is_ok();
    match tls {
        None => {
            let Ok(Some(is_second)) = tokio::time::timeout(limits.head, is_http2(&stream)).await else {
                return;
            };
            drive(Stalling::new(stream, limits.body_time), router, is_second, limits, is_ending).await;
        }
        Some(tls) => {
            let Ok(Ok(stream)) = tokio::time::timeout(limits.head, tls.acceptor().accept(stream)).await
            else {
                return;
            };
            let is_second = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            drive(Stalling::new(stream, limits.body_time), router, is_second, limits, is_ending).await;
        }
    }
}

/// Whether a connection begins as HTTP/2 does; none where it ends before that is known. Nothing is taken from it.
async fn is_http2(stream: &TcpStream) -> Option<bool> {
    let mut begins = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut begins).await.ok().filter(|length| *length > 0)?;
        let found = begins.get(..length)?;
        if !PREFACE.starts_with(found) {
            return Some(false);
        }
        if length == PREFACE.len() {
            return Some(true);
        }
        // Bytes that were seen make the socket ready at once.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn drive<Stream>(
    stream: Stalling<Stream>,
    (router, client): (Router, Client),
    is_second: bool,
    limits: &Limits,
    mut is_ending: watch::Receiver<bool>,
) where
    Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let turns = Turns::default();
    let of_service = turns.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(client);
        of_service.pass();
        let (answer, turns) = (router.call(request), of_service.clone());
        async move {
            let answer = answer.await;
            turns.pass();
            answer
        }
    });
    // A connection that breaks is the client's affair, and so is one that was told to end.
    let is_ending = async move { is_ending.wait_for(|is_ending| *is_ending).await.is_ok() };
    if is_second {
        let io = TokioIo::new(stream);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).max_concurrent_streams(limits.streams);
        builder
            .max_header_list_size(HEAD_BYTES as u32)
            .keep_alive_interval(SILENCE)
            .keep_alive_timeout(SILENCE);
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            // What has come is read before the connection is told to end.
            biased;
            _ = connection.as_mut() => return,
            _ = is_ending => connection.as_mut().graceful_shutdown(),
        }
        let _ended = connection.await.is_ok();
    } else {
        let io = TokioIo::new(stream.with_heads(limits.head, turns));
        let mut builder = http1::Builder::new();
        // For hyper the pause before a head belongs to it.
        builder.timer(TokioTimer::new()).header_read_timeout(limits.idle + limits.head);
        builder.max_buf_size(HEAD_BYTES).max_headers(HEADERS);
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            // What has come is read before the connection is told to end.
            biased;
            _ = connection.as_mut() => return,
            _ = is_ending => connection.as_mut().graceful_shutdown(),
        }
        let _ended = connection.await.is_ok();
    }
}
