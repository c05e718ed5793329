//! What a client may ask of the server. Every figure is a default that [`Limits`] lets a caller raise.

use std::time::Duration;

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body, after decompression too. 64 MiB, as Triton has it.
    pub body: usize,
    /// Bytes of all bodies and decoded pictures that are held at once. 512 MiB: eight of the largest.
    pub held: usize,
    /// For the head of a request, and until a connection says anything at all.
    pub head: Duration,
    /// Between requests of a connection of HTTP/1: as long as common proxies keep theirs.
    pub idle: Duration,
    /// For the body of a request, and for a client that does not read its answer.
    pub body_time: Duration,
    /// From the body to the answer, waiting in the queue included.
    pub request: Duration,
    /// For what is in flight when the server is told to end.
    pub drain: Duration,
    /// For which new connections are still taken then, so that whoever balances load sees `/v2/health/ready` fail first.
    pub lame: Duration,
    /// Requests that wait for one model.
    pub queue: usize,
    /// For a place among them, before a request is refused: a client that asks again at once, as many do, would else take the time of those that
    /// are answered.
    pub room: Duration,
    /// Connections at once; more are closed as they come.
    pub connections: usize,
    /// Requests at once on one connection of HTTP/2.
    pub streams: u32,
    /// Brackets inside brackets of a JSON body.
    pub depth: usize,
    /// Tensors of a request.
    pub tensors: usize,
    /// Extents of a tensor.
    pub rank: usize,
    /// Elements of a tensor.
    pub elements: usize,
    /// Rows of a request.
    pub rows: usize,
    /// Rows of a request that asks for reasons.
    pub explained: usize,
    /// Bytes of a name, a version or an id.
    pub name: usize,
}

impl Limits {
    /// The documented defaults.
    pub const DEFAULT: Self = Self {
        body: 64 << 20,
        held: 512 << 20,
        head: Duration::from_secs(10),
        idle: Duration::from_mins(1),
        body_time: Duration::from_secs(30),
        request: Duration::from_secs(30),
        drain: Duration::from_secs(30),
        lame: Duration::from_millis(500),
        queue: 256,
        room: Duration::from_millis(250),
        connections: 1_024,
        streams: 128,
        depth: 64,
        tensors: 64,
        rank: 16,
        elements: 1 << 31,
        rows: 1 << 16,
        explained: 16,
        name: 255,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
