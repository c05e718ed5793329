//! Decoders of other people's, kept from ending the process: some of them panic on damaged files.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::error::Fault;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder; its panic is an error that names the format.
pub(super) fn survive<T>(
    format: &'static str,
    decode: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    quietly(decode).unwrap_or_else(|| Err(Fault::Torn { format, detail: "its decoder gave up".to_owned() }))
}

/// Runs a decoder; none when it panics. Nothing is printed about it: the hook that prints panics is replaced, once, by
/// one that passes on all panics but those of a decoder's own thread.
pub(crate) fn quietly<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !DECODING.get() {
                print(panic);
            }
        }));
    });
    DECODING.set(true);
    let survived = panic::catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(false);
    survived.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_decoder_runs() {
        let torn = survive::<()>("Parquet", || panic!("index out of range"));
        assert!(matches!(torn, Err(Fault::Torn { format: "Parquet", .. })));
        assert!(matches!(survive("Parquet", || Ok(1)), Ok(1)));
    }
}
