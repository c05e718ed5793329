//! The pool of threads.

/// Makes the calling thread one of the pool's, for the rest of the process: what it starts then needs no hand-over, which
/// takes as long as a small kernel. Call it before anything is computed.
///
/// Tells whether that was done; a pool that exists already is left as it is. The number of threads is that of the
/// processors, or `RAYON_NUM_THREADS`.
pub fn join_pool() -> bool {
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global().is_ok()
}
