//! Answers over HTTP: JSON, with binary tensors behind it where they were asked for.

use serde::{Serialize, Serializer};

use super::Asked;
use crate::tensor::{Data, Tensor};

#[derive(Debug, Serialize)]
struct Body<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<Output<'a>>,
}

#[derive(Debug, Serialize)]
struct Output<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Data>,
}

#[derive(Debug, Serialize)]
struct Size {
    binary_data_size: usize,
}

/// Flat, row-major. What is no number is `null`; bytes that are no text are replaced.
impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(values) => values.serialize(serializer),
            Self::Uint8(values) => values.serialize(serializer),
            Self::Uint16(values) => values.serialize(serializer),
            Self::Uint32(values) => values.serialize(serializer),
            Self::Uint64(values) => values.serialize(serializer),
            Self::Int8(values) => values.serialize(serializer),
            Self::Int16(values) => values.serialize(serializer),
            Self::Int32(values) => values.serialize(serializer),
            Self::Int64(values) => values.serialize(serializer),
            Self::Fp16(values) => serializer.collect_seq(values.iter().map(|value| value.to_f32())),
            Self::Fp32(values) => values.serialize(serializer),
            Self::Fp64(values) => values.serialize(serializer),
            Self::Bytes(values) => {
                serializer.collect_seq(values.iter().map(|value| String::from_utf8_lossy(value)))
            }
        }
    }
}

/// The body, and the length of its JSON where binary tensors stand behind that.
pub(crate) fn written(
    (model, version): (&str, &str),
    asked: &Asked,
    outputs: &[Tensor],
) -> Result<(Vec<u8>, Option<usize>), serde_json::Error> {
    let mut binary = Vec::new();
    let output = |tensor: &'_ Tensor| asked.is_binary(tensor.name());
    let of = outputs.iter().map(|tensor| {
        let before = binary.len();
        let is_binary = output(tensor);
        if is_binary {
            tensor.data().to_binary(&mut binary);
        }
        Output {
            name: tensor.name(),
            datatype: tensor.data().datatype().as_str(),
            shape: tensor.shape(),
            parameters: is_binary.then(|| Size { binary_data_size: binary.len() - before }),
            data: (!is_binary).then(|| tensor.data()),
        }
    });
    let outputs: Vec<Output<'_>> = of.collect();
    let is_any_binary = outputs.iter().any(|output| output.data.is_none());
    let body = Body { model_name: model, model_version: version, id: asked.id.as_deref(), outputs };
    let mut bytes = serde_json::to_vec(&body)?;
    let length = bytes.len();
    bytes.append(&mut binary);
    Ok((bytes, is_any_binary.then_some(length)))
}
