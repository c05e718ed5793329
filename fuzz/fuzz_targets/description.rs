//! `bundle.json`: as it comes, and with the digest that it should have, so that the parser behind the digest is reached.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_package::{BundleLimits, Description, Files, description};

fuzz_target!(|data: &[u8]| {
    let limits = BundleLimits::DEFAULT;
    for bytes in [data.to_vec(), description::closed(data)] {
        if let Ok(description) = Description::read(&bytes, &limits) {
            let _refused_or_not = description.check(&Files::default());
        }
    }
});
