//! Between the messages of gRPC and tensors.

use bytes::Bytes;
use half::f16;

use super::inference::infer_parameter::ParameterChoice;
use super::inference::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use super::inference::model_infer_response::InferOutputTensor;
use super::inference::{InferTensorContents, ModelInferRequest, ModelInferResponse};
use crate::oip::{Asked, Wanted, check_id};
use crate::tensor::{Data, Datatype, Tensor, checked_shape};
use crate::{ApiError, Limits};

/// What a message asks, and how many bytes it holds.
pub(super) fn asked(request: ModelInferRequest, limits: &Limits) -> Result<Asked, ApiError> {
    if request.inputs.len() > limits.tensors {
        return Err(ApiError::bad(format!(
            "{} tensors, the limit is {}",
            request.inputs.len(),
            limits.tensors
        )));
    }
    check_id(Some(&request.id), limits)?;
    let raw = request.raw_input_contents;
    if !raw.is_empty() && raw.len() != request.inputs.len() {
        return Err(ApiError::bad(format!("{} raw contents for {} inputs", raw.len(), request.inputs.len())));
    }
    let is_binary = !raw.is_empty();
    let mut raw = raw.into_iter();
    let tensors = request.inputs.into_iter().map(|input| tensor(input, raw.next(), limits));
    let tensors = tensors.collect::<Result<_, _>>()?;
    let wanted = |output: InferRequestedOutputTensor| Wanted { name: output.name, is_binary: None };
    let timeout = request.parameters.get("timeout").and_then(|parameter| match parameter.parameter_choice {
        Some(ParameterChoice::Int64Param(value)) => u64::try_from(value).ok(),
        Some(ParameterChoice::Uint64Param(value)) => Some(value),
        _ => None,
    });
    Ok(Asked {
        id: Some(request.id).filter(|id| !id.is_empty()),
        tensors,
        outputs: request.outputs.into_iter().map(wanted).collect(),
        is_binary,
        timeout: timeout.filter(|timeout| *timeout > 0).map(std::time::Duration::from_micros),
    })
}

fn tensor(input: InferInputTensor, raw: Option<Bytes>, limits: &Limits) -> Result<Tensor, ApiError> {
    let name = input.name.as_str();
    if name.len() > limits.name {
        return Err(ApiError::bad(format!("a name of {} bytes, the limit is {}", name.len(), limits.name)));
    }
    let bad = |why: String| ApiError::bad(format!("tensor `{name}`: {why}"));
    let datatype = Datatype::of(&input.datatype)
        .ok_or_else(|| bad("the datatype is none of the protocol".to_owned()))?;
    let (shape, elements) = checked_shape(name, &input.shape, limits)?;
    let data = match (raw, input.contents) {
        (Some(_), Some(_)) => return Err(bad("it has contents and raw contents".to_owned())),
        (None, None) => return Err(bad("it has no contents".to_owned())),
        (Some(bytes), None) => Data::from_binary(datatype, &bytes, elements).ok_or_else(|| {
            bad(format!("{} bytes are not {elements} elements of {}", bytes.len(), datatype.as_str()))
        })?,
        (None, Some(contents)) => of_contents(datatype, contents)
            .ok_or_else(|| bad(format!("an element that is not {}", datatype.as_str())))?,
    };
    Tensor::new(name, shape, data)
}

/// The list of the datatype; none where a number of it is too large, and of half precision, which only comes raw.
fn of_contents(datatype: Datatype, of: InferTensorContents) -> Option<Data> {
    fn narrow<T: Copy, U: TryFrom<T>>(values: &[T]) -> Option<Vec<U>> {
        values.iter().map(|&value| U::try_from(value).ok()).collect()
    }
    Some(match datatype {
        Datatype::Bool => Data::Bool(of.bool_contents),
        Datatype::Uint8 => Data::Uint8(narrow(&of.uint_contents)?),
        Datatype::Uint16 => Data::Uint16(narrow(&of.uint_contents)?),
        Datatype::Uint32 => Data::Uint32(of.uint_contents),
        Datatype::Uint64 => Data::Uint64(of.uint64_contents),
        Datatype::Int8 => Data::Int8(narrow(&of.int_contents)?),
        Datatype::Int16 => Data::Int16(narrow(&of.int_contents)?),
        Datatype::Int32 => Data::Int32(of.int_contents),
        Datatype::Int64 => Data::Int64(of.int64_contents),
        Datatype::Fp16 => return None,
        Datatype::Fp32 => Data::Fp32(of.fp32_contents),
        Datatype::Fp64 => Data::Fp64(of.fp64_contents),
        Datatype::Bytes => Data::Bytes(of.bytes_contents),
    })
}

/// The answer: raw where the question was, in lists otherwise.
pub(super) fn written(
    (model, version): (&str, &str),
    asked: &Asked,
    outputs: Vec<Tensor>,
) -> ModelInferResponse {
    let mut response = ModelInferResponse {
        model_name: model.to_owned(),
        model_version: version.to_owned(),
        id: asked.id.clone().unwrap_or_default(),
        ..ModelInferResponse::default()
    };
    let is_raw = asked.is_binary || outputs.iter().any(|tensor| tensor.data().datatype() == Datatype::Fp16);
    for tensor in outputs {
        let (name, shape, data) = tensor.into_parts();
        let mut output = InferOutputTensor {
            name,
            datatype: data.datatype().as_str().to_owned(),
            shape: shape.into_iter().map(|extent| extent as i64).collect(),
            ..InferOutputTensor::default()
        };
        if is_raw {
            let mut bytes = Vec::new();
            data.to_binary(&mut bytes);
            response.raw_output_contents.push(bytes.into());
        } else {
            output.contents = Some(contents(data));
        }
        response.outputs.push(output);
    }
    response
}

fn contents(data: Data) -> InferTensorContents {
    let mut of = InferTensorContents::default();
    match data {
        Data::Bool(values) => of.bool_contents = values,
        Data::Uint8(values) => of.uint_contents = values.into_iter().map(u32::from).collect(),
        Data::Uint16(values) => of.uint_contents = values.into_iter().map(u32::from).collect(),
        Data::Uint32(values) => of.uint_contents = values,
        Data::Uint64(values) => of.uint64_contents = values,
        Data::Int8(values) => of.int_contents = values.into_iter().map(i32::from).collect(),
        Data::Int16(values) => of.int_contents = values.into_iter().map(i32::from).collect(),
        Data::Int32(values) => of.int_contents = values,
        Data::Int64(values) => of.int64_contents = values,
        Data::Fp16(values) => of.fp32_contents = values.into_iter().map(f16::to_f32).collect(),
        Data::Fp32(values) => of.fp32_contents = values,
        Data::Fp64(values) => of.fp64_contents = values,
        Data::Bytes(values) => of.bytes_contents = values,
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(datatype: &str, shape: &[i64]) -> ModelInferRequest {
        let input = InferInputTensor {
            name: "x".to_owned(),
            datatype: datatype.to_owned(),
            shape: shape.to_vec(),
            ..InferInputTensor::default()
        };
        ModelInferRequest { inputs: vec![input], ..ModelInferRequest::default() }
    }

    #[test]
    fn contents_of_every_datatype_come_back() {
        for (datatype, data) in [
            ("BOOL", Data::Bool(vec![true, false])),
            ("UINT8", Data::Uint8(vec![1, 255])),
            ("INT16", Data::Int16(vec![-1, 3])),
            ("UINT64", Data::Uint64(vec![0, u64::MAX])),
            ("FP64", Data::Fp64(vec![0.1, f64::MAX])),
            ("BYTES", Data::Bytes(vec!["a".into(), Bytes::new()])),
        ] {
            let mut listed = request(datatype, &[2]);
            listed.inputs[0].contents = Some(contents(data.clone()));
            let found = asked(listed, &Limits::DEFAULT).unwrap();
            assert_eq!((found.tensors[0].data(), found.is_binary), (&data, false));
            let mut raw = request(datatype, &[2]);
            let mut bytes = Vec::new();
            data.to_binary(&mut bytes);
            raw.raw_input_contents.push(bytes.into());
            let found = asked(raw, &Limits::DEFAULT).unwrap();
            assert_eq!((found.tensors[0].data(), found.is_binary), (&data, true));
            let said = written(("m", "1"), &found, found.tensors.clone());
            assert_eq!((said.raw_output_contents.len(), said.outputs[0].datatype.as_str()), (1, datatype));
        }
    }

    #[test]
    fn hostile_messages_are_refused() {
        let large = |mut request: ModelInferRequest| {
            request.inputs[0].contents =
                Some(InferTensorContents { int_contents: vec![128], ..InferTensorContents::default() });
            asked(request, &Limits::DEFAULT).unwrap_err().message
        };
        assert!(large(request("INT8", &[1])).contains("not INT8"));
        assert!(large(request("INT32", &[2])).contains("1 elements in the shape [2]"));
        assert!(large(request("INT32", &[i64::MAX, i64::MAX])).contains("more elements than"));
        assert!(large(request("INT32", &[-1])).contains("an extent of -1"));
        assert!(asked(request("INT32", &[1]), &Limits::DEFAULT).unwrap_err().message.contains("no contents"));
        let mut raw = request("FP32", &[1]);
        raw.raw_input_contents = vec![Bytes::from_static(&[0; 3])];
        assert!(
            asked(raw.clone(), &Limits::DEFAULT).unwrap_err().message.contains("3 bytes are not 1 elements")
        );
        raw.raw_input_contents.push(Bytes::new());
        assert!(asked(raw, &Limits::DEFAULT).unwrap_err().message.contains("2 raw contents for 1 inputs"));
    }
}
