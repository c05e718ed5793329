//! The header of weights.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _refused_or_not = plumb_package::safetensors::check(data);
    // Most inputs end at the length: the right one reaches the parser.
    let headed = [(data.len() as u64).to_le_bytes().as_slice(), data].concat();
    let _refused_or_not = plumb_package::safetensors::check(&headed);
});
