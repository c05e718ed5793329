//! Requests over HTTP: JSON, JSON with binary tensors behind it, and one binary tensor alone.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::elements::Elements;
use super::{Asked, Wanted};
use crate::tensor::{Data, Datatype, Tensor, checked_shape};
use crate::{ApiError, Limits, Port, json};

/// What a header says of where the JSON ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headed {
    /// There is no header: the body is JSON.
    Json,
    /// The JSON has so many bytes.
    Binary(usize),
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    parameters: Option<Parameters>,
    inputs: Vec<Input>,
    #[serde(default)]
    outputs: Option<Vec<Output>>,
}

#[derive(Debug, Deserialize)]
struct Input {
    name: String,
    shape: Vec<i64>,
    datatype: String,
    #[serde(default)]
    parameters: Option<Parameters>,
    #[serde(default)]
    data: Option<Elements>,
}

#[derive(Debug, Deserialize)]
struct Output {
    name: String,
    #[serde(default)]
    parameters: Option<Parameters>,
}

/// The parameters that mean something here; others are let go, as the protocol wants it.
#[derive(Debug, Default, Deserialize)]
struct Parameters {
    #[serde(default)]
    binary_data_size: Option<u64>,
    #[serde(default)]
    binary_data: Option<bool>,
    #[serde(default)]
    binary_data_output: Option<bool>,
    /// Microseconds.
    #[serde(default)]
    timeout: Option<u64>,
}

/// What a body asks.
pub(crate) fn read(body: &Bytes, headed: Headed, limits: &Limits) -> Result<Asked, ApiError> {
    let (text, mut binary) = match headed {
        Headed::Json => (body.clone(), Bytes::new()),
        Headed::Binary(length) if length <= body.len() => (body.slice(..length), body.slice(length..)),
        Headed::Binary(length) => {
            return Err(ApiError::bad(format!(
                "the header says {length} bytes of JSON, the body has {}",
                body.len()
            )));
        }
    };
    let read: Body = json::read(&text, limits)?;
    if read.inputs.len() > limits.tensors {
        return Err(ApiError::bad(format!("{} tensors, the limit is {}", read.inputs.len(), limits.tensors)));
    }
    check_id(read.id.as_deref(), limits)?;
    let tensors = read.inputs.into_iter().map(|input| tensor(input, &mut binary, limits));
    let tensors = tensors.collect::<Result<_, _>>()?;
    if !binary.is_empty() {
        return Err(ApiError::bad(format!("{} bytes stand behind the last binary tensor", binary.len())));
    }
    let parameters = read.parameters.unwrap_or_default();
    let wanted = |output: Output| Wanted {
        name: output.name,
        is_binary: output.parameters.and_then(|parameters| parameters.binary_data),
    };
    Ok(Asked {
        id: read.id,
        tensors,
        outputs: read.outputs.unwrap_or_default().into_iter().map(wanted).collect(),
        is_binary: parameters.binary_data_output.unwrap_or(false),
        timeout: parameters.timeout.filter(|timeout| *timeout > 0).map(Duration::from_micros),
    })
}

/// An id goes into headers and logs.
pub(crate) fn check_id(id: Option<&str>, limits: &Limits) -> Result<(), ApiError> {
    let is_fit = id.is_none_or(|id| id.len() <= limits.name && !id.chars().any(char::is_control));
    if is_fit {
        Ok(())
    } else {
        Err(ApiError::bad(format!("an id has {} bytes at most, and no control characters", limits.name)))
    }
}

fn tensor(input: Input, binary: &mut Bytes, limits: &Limits) -> Result<Tensor, ApiError> {
    let name = &input.name;
    if name.len() > limits.name {
        return Err(ApiError::bad(format!("a name of {} bytes, the limit is {}", name.len(), limits.name)));
    }
    let bad = |why: String| ApiError::bad(format!("tensor `{name}`: {why}"));
    let datatype = Datatype::of(&input.datatype)
        .ok_or_else(|| bad("the datatype is none of the protocol".to_owned()))?;
    let (shape, elements) = checked_shape(name, &input.shape, limits)?;
    let size = input.parameters.and_then(|parameters| parameters.binary_data_size);
    let data = match (size, input.data) {
        (Some(_), Some(_)) => return Err(bad("it has `data` and `binary_data_size`".to_owned())),
        (None, None) => return Err(bad("it has neither `data` nor `binary_data_size`".to_owned())),
        (Some(size), None) => {
            let size = usize::try_from(size).ok().filter(|size| *size <= binary.len());
            let size = size.ok_or_else(|| bad(format!("{} bytes of binary data are left", binary.len())))?;
            let bytes = binary.split_to(size);
            Data::from_binary(datatype, &bytes, elements).ok_or_else(|| {
                bad(format!("{size} bytes are not {elements} elements of {}", datatype.as_str()))
            })?
        }
        (None, Some(data)) => {
            let found = data.len();
            if found != elements {
                return Err(bad(format!("{found} elements, its shape holds {elements}")));
            }
            data.into_data(datatype)
                .ok_or_else(|| bad(format!("an element that is not {}", datatype.as_str())))?
        }
    };
    Tensor::new(input.name.clone(), shape, data)
}

/// The one input of a model as the whole body: a text or a picture of any length, or as many rows as its bytes are.
pub(crate) fn read_raw(body: &Bytes, ports: &[Port], limits: &Limits) -> Result<Asked, ApiError> {
    let [port] = ports else {
        return Err(ApiError::bad(format!(
            "a raw body is for models of one input, this one has {}",
            ports.len()
        )));
    };
    let tensor = match port.datatype.width() {
        None => {
            Tensor::new(port.name.clone(), vec![1; port.shape.len().max(1)], Data::Bytes(vec![body.clone()]))?
        }
        Some(width) => {
            let known: i64 = port.shape.iter().filter(|extent| **extent > 0).product();
            let row = usize::try_from(known).unwrap_or(0).saturating_mul(width);
            let open = port.shape.iter().filter(|extent| **extent < 0).count();
            let rows = body.len().checked_div(row).filter(|rows| open == 1 && rows * row == body.len());
            let rows = rows.ok_or_else(|| {
                ApiError::bad(format!("{} bytes are no rows of the input `{}`", body.len(), port.name))
            })?;
            let extent = |extent: &i64| if *extent < 0 { rows as i64 } else { *extent };
            let shape: Vec<i64> = port.shape.iter().map(extent).collect();
            let (shape, elements) = checked_shape(&port.name, &shape, limits)?;
            let data = Data::from_binary(port.datatype, body, elements);
            let data =
                data.ok_or_else(|| ApiError::bad(format!("the bytes are no {}", port.datatype.as_str())))?;
            Tensor::new(port.name.clone(), shape, data)?
        }
    };
    Ok(Asked { tensors: vec![tensor], is_binary: true, ..Asked::default() })
}
