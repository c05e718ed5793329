//! What multiplies bytes on this machine.

use super::{STEPS, WIDTH};

/// A vector unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Four products and their sum in each of 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Vnni512,
    /// The same in 8 lanes.
    #[cfg(target_arch = "x86_64")]
    Vnni256,
    /// Pairs of 16-bit products; bytes are widened first, for the instruction that takes bytes saturates.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Plain,
}

impl Unit {
    /// Those of this machine, the best first.
    pub(super) fn all() -> Vec<Self> {
        let mut units = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f")
                && has!("avx512bw")
                && has!("avx512vl")
                && has!("avx512dq")
                && has!("avx512vnni")
            {
                units.push(Self::Vnni512);
            }
            if has!("avx2") && has!("fma") && has!("avxvnni") {
                units.push(Self::Vnni256);
            }
            if has!("avx2") && has!("fma") {
                units.push(Self::Avx2);
            }
        }
        units.push(Self::Plain);
        units
    }

    /// The best of this machine.
    pub(super) fn best() -> Self {
        static BEST: std::sync::OnceLock<Unit> = std::sync::OnceLock::new();
        #[cfg(test)]
        match crate::vector::levels::asked() {
            Some("plain") => return Self::Plain,
            #[cfg(target_arch = "x86_64")]
            Some("avx2") if Self::all().contains(&Self::Avx2) => return Self::Avx2,
            _ => {}
        }
        *BEST.get_or_init(|| Self::all().first().copied().unwrap_or(Self::Plain))
    }
}

/// Sums of products of bytes for some columns.
#[expect(
    unsafe_code,
    reason = "instructions that the machine must have, at addresses that the tile has checked"
)]
pub(super) trait Dots {
    /// Four bytes, in the form that the products take.
    type Bytes: Copy;
    /// A sum for each of [`Self::COLUMNS`] columns.
    type Sums: Copy;
    const COLUMNS: usize;

    /// Sums of nothing.
    ///
    /// # Safety
    /// The machine has the unit. The same holds for the other functions.
    unsafe fn zero() -> Self::Sums;

    /// Four bytes of a row.
    ///
    /// # Safety
    /// Four bytes can be read there.
    unsafe fn bytes(at: *const u8) -> Self::Bytes;

    /// Adds the products with four weights of each column.
    ///
    /// # Safety
    /// `4 * COLUMNS` weights can be read there.
    unsafe fn add(sums: Self::Sums, bytes: Self::Bytes, weights: *const i8) -> Self::Sums;

    /// Writes the sums.
    ///
    /// # Safety
    /// `COLUMNS` sums can be written there.
    unsafe fn store(sums: Self::Sums, to: *mut i32);
}

/// Plain code.
pub(super) struct Plain;

impl Dots for Plain {
    type Bytes = [u8; STEPS];
    type Sums = [i32; WIDTH];
    const COLUMNS: usize = WIDTH;

    #[inline(always)]
    #[expect(unsafe_code, reason = "the trait's other units need it")]
    unsafe fn zero() -> Self::Sums {
        [0; WIDTH]
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "the tile has checked the extents")]
    unsafe fn bytes(at: *const u8) -> Self::Bytes {
        // SAFETY: by the caller's promise.
        unsafe { at.cast::<[u8; STEPS]>().read_unaligned() }
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "the tile has checked the extents")]
    unsafe fn add(mut sums: Self::Sums, bytes: Self::Bytes, weights: *const i8) -> Self::Sums {
        // SAFETY: by the caller's promise.
        let weights = unsafe { weights.cast::<[[i8; STEPS]; WIDTH]>().read_unaligned() };
        for (sum, weights) in sums.iter_mut().zip(&weights) {
            for (byte, weight) in bytes.iter().zip(weights) {
                *sum = sum.wrapping_add(i32::from(*byte) * i32::from(*weight));
            }
        }
        sums
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "the tile has checked the extents")]
    unsafe fn store(sums: Self::Sums, to: *mut i32) {
        // SAFETY: by the caller's promise.
        unsafe { to.cast::<Self::Sums>().write_unaligned(sums) }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Vnni256, Vnni512};

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "instructions of one machine; loads and stores are unaligned")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm_loadu_si128, _mm_set1_epi32, _mm_storeu_si128, _mm256_add_epi32,
        _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16, _mm256_dpbusd_avx_epi32, _mm256_extracti128_si256,
        _mm256_hadd_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_permute4x64_epi64,
        _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256, _mm512_dpbusd_epi32,
        _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    };

    use super::Dots;

    pub(in super::super) struct Vnni512;

    impl Dots for Vnni512 {
        type Bytes = __m512i;
        type Sums = __m512i;
        const COLUMNS: usize = 16;

        #[inline(always)]
        unsafe fn zero() -> Self::Sums {
            // SAFETY: the machine has the unit, by the caller's promise; so below.
            unsafe { _mm512_setzero_si512() }
        }

        #[inline(always)]
        unsafe fn bytes(at: *const u8) -> Self::Bytes {
            // SAFETY: four bytes can be read there.
            unsafe { _mm512_set1_epi32(at.cast::<i32>().read_unaligned()) }
        }

        #[inline(always)]
        unsafe fn add(sums: Self::Sums, bytes: Self::Bytes, weights: *const i8) -> Self::Sums {
            // SAFETY: 64 weights can be read there.
            unsafe { _mm512_dpbusd_epi32(sums, bytes, _mm512_loadu_si512(weights.cast())) }
        }

        #[inline(always)]
        unsafe fn store(sums: Self::Sums, to: *mut i32) {
            // SAFETY: 16 sums can be written there.
            unsafe { _mm512_storeu_si512(to.cast(), sums) }
        }
    }

    pub(in super::super) struct Vnni256;

    impl Dots for Vnni256 {
        type Bytes = __m256i;
        type Sums = __m256i;
        const COLUMNS: usize = 8;

        #[inline(always)]
        unsafe fn zero() -> Self::Sums {
            // SAFETY: the machine has the unit, by the caller's promise; so below.
            unsafe { _mm256_setzero_si256() }
        }

        #[inline(always)]
        unsafe fn bytes(at: *const u8) -> Self::Bytes {
            // SAFETY: four bytes can be read there.
            unsafe { _mm256_set1_epi32(at.cast::<i32>().read_unaligned()) }
        }

        #[inline(always)]
        unsafe fn add(sums: Self::Sums, bytes: Self::Bytes, weights: *const i8) -> Self::Sums {
            // SAFETY: 32 weights can be read there.
            unsafe { _mm256_dpbusd_avx_epi32(sums, bytes, _mm256_loadu_si256(weights.cast())) }
        }

        #[inline(always)]
        unsafe fn store(sums: Self::Sums, to: *mut i32) {
            // SAFETY: 8 sums can be written there.
            unsafe { _mm256_storeu_si256(to.cast(), sums) }
        }
    }

    pub(in super::super) struct Avx2;

    /// Sums of the even and of the odd pairs of steps lie side by side until they are stored.
    impl Dots for Avx2 {
        type Bytes = __m256i;
        type Sums = __m256i;
        const COLUMNS: usize = 4;

        #[inline(always)]
        unsafe fn zero() -> Self::Sums {
            // SAFETY: the machine has the unit, by the caller's promise; so below.
            unsafe { _mm256_setzero_si256() }
        }

        #[inline(always)]
        unsafe fn bytes(at: *const u8) -> Self::Bytes {
            // SAFETY: four bytes can be read there.
            unsafe { _mm256_cvtepu8_epi16(_mm_set1_epi32(at.cast::<i32>().read_unaligned())) }
        }

        #[inline(always)]
        unsafe fn add(sums: Self::Sums, bytes: Self::Bytes, weights: *const i8) -> Self::Sums {
            // SAFETY: 16 weights can be read there.
            unsafe {
                let weights = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.cast()));
                _mm256_add_epi32(sums, _mm256_madd_epi16(bytes, weights))
            }
        }

        #[inline(always)]
        unsafe fn store(sums: Self::Sums, to: *mut i32) {
            // SAFETY: 4 sums can be written there.
            unsafe {
                // Halves hold columns 0, 1 and 2, 3: after the addition of neighbours each stands twice.
                let both = _mm256_permute4x64_epi64::<0b1000>(_mm256_hadd_epi32(sums, sums));
                _mm_storeu_si128(to.cast(), _mm256_extracti128_si256::<0>(both));
            }
        }
    }
}
