//! How much of a log is read. A log that is longer is refused with the limit named.

/// Bytes of all files of one log. 512 MiB: ten million steps of TensorBoard.
pub(crate) const BYTES: u64 = 512 << 20;
/// Bytes at the head of a file by which its format is recognised.
pub(crate) const HEAD_BYTES: u64 = 64 << 10;
/// Bytes of one line of a text. 1 MiB: hundreds of series a line.
pub(crate) const LINE_BYTES: usize = 1 << 20;
/// Numbers of one log: a million steps of five series.
pub(crate) const POINTS: usize = 5_000_000;
/// Series of one log: a few for each layer of a large network.
pub(crate) const SERIES: usize = 20_000;
/// Bytes of a series' name. 1 KiB is a sentence.
pub(crate) const NAME_BYTES: usize = 1 << 10;
/// Folders within folders that are searched.
pub(crate) const DEPTH: usize = 8;
/// Files and folders that are looked at in a search.
pub(crate) const ENTRIES: usize = 100_000;
/// Logs of one call.
pub(crate) const LOGS: usize = 1_000;
