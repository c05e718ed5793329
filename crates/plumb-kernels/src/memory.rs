//! Memory that a training step frees stays with the process; what loading a model frees goes back.
//!
//! A step allocates and frees the same activations again and again. glibc gives blocks of more than 128 KiB back to the
//! system each time, and the next step pays for a page fault on every 4 KiB of them: on a step of `tabm` with 512 rows
//! that is a quarter of all processor time.

/// Blocks up to this size come from the heap, larger ones from the system each time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAP_BLOCKS: [libc::c_int; 2] = [1 << 30, 32 << 20];
/// Free memory at the end of the heap that is kept.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = libc::c_int::MAX;

/// Asks the allocator to keep what is freed, for the rest of the process. Call it before threads are started.
///
/// Tells whether the allocator agreed; elsewhere than on glibc it does nothing and says so.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "glibc's allocator is set up by a C call")]
pub fn keep_freed() -> bool {
    // SAFETY: mallopt takes two integers, reads no memory of ours, and answers 0 for values that it does not like.
    let set = |parameter, value| unsafe { libc::mallopt(parameter, value) == 1 };
    // Releases of glibc before 2.35 take no more than the second size.
    set(libc::M_TRIM_THRESHOLD, KEPT) && HEAP_BLOCKS.iter().any(|&bytes| set(libc::M_MMAP_THRESHOLD, bytes))
}

/// Elsewhere than on glibc nothing is to be set.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_freed() -> bool {
    false
}

/// Asks the allocator to give what is free back to the system, once: behind work that needed much more than what follows. It looks at the whole heap.
///
/// Tells whether anything went back; elsewhere than on glibc it does nothing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "glibc's allocator gives memory back at a C call")]
pub fn give_back() -> bool {
    // SAFETY: malloc_trim takes an integer, touches free memory alone and holds the allocator's own locks.
    unsafe { libc::malloc_trim(0) == 1 }
}

/// Elsewhere than on glibc nothing is given back.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() -> bool {
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn glibc_agrees() {
        assert_eq!(super::keep_freed(), cfg!(all(target_os = "linux", target_env = "gnu")));
    }
}
