//! Loops compiled for the vector unit that this machine has, chosen while the program runs.

use pulp::{Arch, WithSimd};

/// Runs `work` compiled for AVX-512, AVX2, NEON or the plain target. What it calls must be inlined into it to gain: a
/// function or closure that is not is compiled for the plain target.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnOnce() -> R> WithSimd for Work<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> R {
            (self.0)()
        }
    }
    dispatch(Work(work))
}

/// Runs `work` with the vector type of this machine.
#[inline(always)]
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(test)]
    {
        match levels::asked() {
            Some("plain") => return pulp::Simd::vectorize(pulp::Scalar::new(), work),
            #[cfg(target_arch = "x86_64")]
            Some("avx2") => {
                if let Some(level) = pulp::x86::V3::try_new() {
                    return pulp::Simd::vectorize(level, work);
                }
            }
            _ => {}
        }
    }
    Arch::new().dispatch(work)
}

/// 32-bit floats in a vector of this machine.
pub(crate) fn lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    dispatch(Lanes)
}

/// The tests of this crate, run once more for each level below that of this machine.
#[cfg(test)]
pub(crate) mod levels {
    use std::process::Command;
    use std::sync::OnceLock;

    const VARIABLE: &str = "PLUMB_KERNELS_LEVEL";

    pub(crate) fn asked() -> Option<&'static str> {
        static ASKED: OnceLock<Option<String>> = OnceLock::new();
        ASKED.get_or_init(|| std::env::var(VARIABLE).ok()).as_deref()
    }

    #[test]
    fn every_level_passes_the_tests() {
        if asked().is_some() {
            return;
        }
        for (level, lanes) in [("plain", 1), ("avx2", 8)] {
            let mut tests = Command::new(std::env::current_exe().unwrap());
            // The allocator is the same at every level, and not glibc's under a sanitizer.
            let output = tests.args(["--skip", "memory::"]).env(VARIABLE, level).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{level}, {lanes} lanes: {said}");
        }
    }

    #[test]
    fn the_level_asked_for_is_taken() {
        match asked() {
            Some("plain") => assert_eq!(super::lanes(), 1),
            Some("avx2") if cfg!(target_arch = "x86_64") => assert_eq!(super::lanes(), 8),
            _ => assert!(super::lanes().is_power_of_two()),
        }
    }
}
