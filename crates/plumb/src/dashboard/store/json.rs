//! A small file of a run, under a limit.

use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::tail::open_regular;

/// Bytes of a file that is read whole. 256 MiB: pictures of a run in Base64.
const MOST_BYTES: u64 = 256 << 20;

/// The bytes of a file; nothing when there is none, or none that can be used.
pub(crate) fn bytes(path: &Path) -> Option<Vec<u8>> {
    let file = open_regular(path).ok()??;
    let length = file.metadata().ok()?.len();
    if length > MOST_BYTES {
        return None;
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A JSON file as far as it can be read.
pub(crate) fn json_file<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&bytes(path)?).ok()
}
