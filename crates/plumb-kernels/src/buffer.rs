//! Memory that kernels write: without a first pass of zeros, and by many threads at disjoint places.

use std::cell::RefCell;
use std::marker::PhantomData;

/// A vector whose elements are whatever the memory held. The caller writes each of them before anything reads it.
///
/// A fresh `vec![0.0; len]` would write the whole of it once more: for an activation of 8 MiB that is as long as the
/// kernel itself. The crate's own tests get NaN instead, which shows an element that a kernel has left out.
#[expect(unsafe_code, reason = "saves a pass over the memory")]
pub(crate) fn unfilled(len: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    if cfg!(test) {
        values.resize(len, f32::NAN);
    } else {
        // SAFETY: the capacity is there, any bit pattern is an f32, and every caller writes before it reads.
        unsafe { values.set_len(len) };
    }
    values
}

/// As [`unfilled`], of bytes.
#[expect(unsafe_code, reason = "saves a pass over the memory")]
pub(crate) fn unfilled_bytes(len: usize) -> Vec<u8> {
    let mut values = Vec::with_capacity(len);
    if cfg!(test) {
        values.resize(len, 0xa5);
    } else {
        // SAFETY: the capacity is there, any bit pattern is a byte, and every caller writes before it reads.
        unsafe { values.set_len(len) };
    }
    values
}

/// A slice that several threads write, each at places of its own.
#[derive(Debug)]
pub(crate) struct Shared<'a, T = f32> {
    start: *mut T,
    len: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

#[expect(unsafe_code, reason = "threads write disjoint parts of one slice")]
// SAFETY: the pointer comes from an exclusive borrow that lives as long; `Shared::part` is where places must be disjoint.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Takes the slice for as long as threads write it.
    pub(crate) fn new(values: &'a mut [T]) -> Self {
        Self { start: values.as_mut_ptr(), len: values.len(), borrowed: PhantomData }
    }

    /// The `len` elements from `from` on. Panics when they do not lie inside.
    ///
    /// # Safety
    /// While the part lives, no other thread may hold one that overlaps.
    #[inline(always)]
    #[expect(unsafe_code, clippy::mut_from_ref, reason = "threads write disjoint parts of one slice")]
    pub(crate) unsafe fn part(&self, from: usize, len: usize) -> &mut [T] {
        assert!(len <= self.len && from <= self.len - len, "a part outside of the shared slice");
        // SAFETY: inside the slice by the line above, and not aliased by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}

/// Lends this thread's scratch memory, `len` elements of any value. Not to be nested.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < len {
            scratch.resize(len, 0.0);
        }
        work(&mut scratch[..len])
    })
}
