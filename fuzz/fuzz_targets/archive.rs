//! The one file of a bundle: what is read is written again to the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_package::{Bundle, BundleLimits, archive};

fuzz_target!(|data: &[u8]| {
    let limits = BundleLimits::DEFAULT;
    let Ok(files) = archive::read(data, "fuzz.plumb", &limits) else { return };
    assert!(archive::write(&files).is_ok_and(|again| again == data));
    let _refused_or_not = Bundle::verified(files, None, &limits);
});
