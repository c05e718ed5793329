//! From a listening socket to requests, under limits.
//!
//! The connections are driven by hyper itself, because only there the time for a request's head can be limited: a client
//! that never ends its head would hold its connection for ever. HTTP/1.1 alone is spoken; browsers speak nothing
//! else without TLS, and what attacks HTTP/2 finds nothing here.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::{App, routes};

/// Connections at once; more are closed as they come. 512: forty browsers with all the connections they open.
const CONNECTIONS: usize = 512;
/// For the head of a request, and for the next one on the same connection.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of a request's head. 16 KiB: a path of a name, a few cookies.
const HEAD_BYTES: usize = 16 << 10;

/// What ends the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Ctrl-C or SIGTERM.
    Signal,
    /// Nothing but the end of the process; for tests.
    #[cfg(test)]
    Never,
}

/// Answers until it is ended. Nothing is lost by an end: the dashboard has no state of its own.
pub(crate) fn serve(listener: TcpListener, app: App, ending: Ending) -> io::Result<()> {
    let app = Arc::new(app);
    let early = Arc::clone(&app);
    // The list is read before somebody asks for it.
    std::thread::spawn(move || early.store.runs());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let accepting = accept(listener, routes::router(app));
        tokio::select! {
            () = accepting => Ok(()),
            ended = end(ending) => ended,
        }
    })?;
    // Threads that still read a long history are not waited for.
    runtime.shutdown_background();
    Ok(())
}

async fn end(ending: Ending) -> io::Result<()> {
    match ending {
        Ending::Signal => {
            let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                asked = tokio::signal::ctrl_c() => asked,
                _ = terminate.recv() => Ok(()),
            }
        }
        #[cfg(test)]
        Ending::Never => std::future::pending().await,
    }
}

async fn accept(listener: tokio::net::TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some will be free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let router = router.clone();
        tokio::spawn(async move {
            connection(stream, router).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    // A connection that breaks is the client's affair.
    let _ended = builder.serve_connection(TokioIo::new(stream), service).await.is_ok();
}
