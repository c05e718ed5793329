//! ONNX files: read, and nothing run.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _refused_or_not = plumb_onnx::OnnxModel::read(data.to_vec());
});
