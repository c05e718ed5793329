//! safetensors files.

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::{Number, PretrainedError, damaged};
use crate::parameters::{Array, Arrays};

/// The floats of a file. The crate holds the header to its limits and the tensors to the bytes that there are.
pub(super) fn read(bytes: &[u8]) -> Result<Arrays, PretrainedError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| damaged("safetensors", error))?;
    let mut arrays = Arrays::default();
    for (name, view) in file.tensors() {
        let number = match view.dtype() {
            Dtype::F64 => Number::F64,
            Dtype::F32 => Number::F32,
            Dtype::F16 => Number::F16,
            Dtype::BF16 => Number::Bf16,
            _ => continue,
        };
        if let Some(values) = number.floats(view.data()) {
            arrays.0.insert(name, Array { shape: view.shape().to_vec(), values });
        }
    }
    Ok(arrays)
}
