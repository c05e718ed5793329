//! How much a bundle may hold, each limit with its reason.

/// Where reading stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleLimits {
    /// Files. 256: a bundle has about twenty.
    pub files: usize,
    /// Bytes of all files. One less than 8 GiB: the largest size that a tar header of POSIX.1-1988 states, two billion weights.
    pub bytes: u64,
    /// Bytes of a path below the bundle. 100: what the name field of that header holds, so that no entry needs an extension.
    pub path: usize,
    /// Folders on the way to a file. 4: Plumb's own files lie in one.
    pub depth: usize,
    /// Bytes of `bundle.json` and of `model.sig`. 1 MiB: 256 files take 50 KiB.
    pub document: usize,
}

impl BundleLimits {
    /// The documented defaults.
    pub const DEFAULT: Self =
        Self { files: 256, bytes: (8 << 30) - 1, path: 100, depth: 4, document: 1 << 20 };
}

impl Default for BundleLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
