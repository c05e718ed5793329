//! ONNX Runtime, for whoever has it and asks for it: Microsoft's library of C++, loaded while the program runs. Only with the
//! feature `onnxruntime`.
//!
//! Where figures are judged one thread computes, so that they do not depend on how many there are; a server gives it more. `ort` is used by its safe
//! functions alone.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::session::{OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{DynMapValueType, DynValue, Shape, Tensor as Given, TensorElementType, ValueType};

use crate::tensor::Values;
use crate::{OnnxError, Tensor};

/// A model that ONNX Runtime holds.
pub(crate) struct Foreign {
    session: Mutex<Session>,
    /// The inputs and what they take.
    inputs: Vec<(String, TensorElementType)>,
    /// The classes in the order of the probabilities, to put maps in order by.
    classes: Vec<String>,
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foreign").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

fn failed(error: impl std::fmt::Display) -> OnnxError {
    OnnxError::Runtime(error.to_string())
}

/// The library, which is loaded once: the first path that is asked for holds for the whole process.
fn environment(library: &Path) -> Result<&'static Environment, OnnxError> {
    static LOADED: OnceLock<Result<Environment, String>> = OnceLock::new();
    let load = || {
        // What matters of its messages comes back as an error.
        let silent = Arc::new(|_: ort::logging::LogLevel, _: &str, _: &str, _: &str, _: &str| {});
        let builder = ort::init_from(library).map_err(|error| error.to_string())?;
        builder.with_telemetry(false).with_logger(silent).build().map_err(|error| error.to_string())
    };
    LOADED.get_or_init(load).as_ref().map_err(|error| OnnxError::Library(error.clone()))
}

impl Foreign {
    /// Loads the library and hands it the bytes of a file. Weights in other files are not read.
    pub(crate) fn read(
        bytes: &[u8],
        library: &Path,
        threads: usize,
        classes: Vec<String>,
    ) -> Result<Self, OnnxError> {
        let session = session(environment(library)?, bytes, threads).map_err(failed)?;
        let kind = |of: &ValueType| match of {
            ValueType::Tensor { ty, .. } => *ty,
            _ => TensorElementType::Undefined,
        };
        let inputs = session.inputs().iter().map(|of| (of.name().to_owned(), kind(of.dtype()))).collect();
        Ok(Self { session: Mutex::new(session), inputs, classes })
    }

    /// The outputs of those names for inputs by name.
    pub(crate) fn run(
        &self,
        inputs: Vec<(String, Tensor)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let given = inputs.into_iter().map(|(name, tensor)| {
            let kind = self.inputs.iter().find(|(known, _)| *known == name);
            let (_, kind) = kind.ok_or_else(|| OnnxError::NoName(name.clone()))?;
            let value = given(&tensor, *kind)?;
            Ok((name, value))
        });
        let given = given.collect::<Result<Vec<_>, OnnxError>>()?;
        // A session is whole after a run that panicked elsewhere: it holds no state between runs.
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = outputs.iter().find(|&&name| !session.outputs().iter().any(|of| of.name() == name));
        if let Some(name) = unknown {
            return Err(OnnxError::NoName((*name).to_owned()));
        }
        let options = RunOptions::new().map_err(failed)?;
        let selected =
            outputs.iter().fold(OutputSelector::no_default(), |selected, name| selected.with(*name));
        let options = options.with_outputs(selected);
        let found = session.run_with_options(given, &options).map_err(failed)?;
        let answer =
            |name: &&str| self.answer(found.get(*name).ok_or_else(|| OnnxError::NoName((*name).to_owned()))?);
        outputs.iter().map(answer).collect()
    }

    fn answer(&self, value: &DynValue) -> Result<Tensor, OnnxError> {
        let kind = match value.dtype() {
            ValueType::Tensor { ty, .. } => *ty,
            ValueType::Sequence(_) => return self.of_maps(value),
            other => return Err(OnnxError::Runtime(format!("an output of {other} is no tensor"))),
        };
        let tensor = match kind {
            TensorElementType::Float32 => numbers(value, |x: &f32| *x),
            TensorElementType::Float64 => numbers(value, |x: &f64| *x as f32),
            TensorElementType::Int64 => whole(value, |x: &i64| *x),
            TensorElementType::Int32 => whole(value, |x: &i32| i64::from(*x)),
            TensorElementType::Bool => whole(value, |x: &bool| i64::from(*x)),
            TensorElementType::String => {
                value.try_extract_strings().map(|(shape, texts)| (extents(shape), Values::Texts(texts)))
            }
            other => return Err(OnnxError::Runtime(format!("an output of {other} is not read"))),
        };
        let (shape, values) = tensor.map_err(failed)?;
        Tensor::new(shape, values)
    }

    /// The tensor that a list of maps from classes to probabilities (`ZipMap`) was made from.
    fn of_maps(&self, value: &DynValue) -> Result<Tensor, OnnxError> {
        let rows = value.try_extract_sequence::<DynMapValueType>().map_err(failed)?;
        let mut values = Vec::with_capacity(rows.len() * self.classes.len());
        for row in &rows {
            let named: Vec<(String, f32)> = match row.try_extract_key_values::<i64, f32>() {
                Ok(pairs) => pairs.into_iter().map(|(class, value)| (class.to_string(), value)).collect(),
                Err(_texts) => row.try_extract_key_values::<String, f32>().map_err(failed)?,
            };
            for class in &self.classes {
                let value = named.iter().find(|(name, _)| name == class).map(|(_, value)| *value);
                values.push(value.ok_or_else(|| OnnxError::NoName(class.clone()))?);
            }
        }
        Tensor::new(vec![rows.len(), self.classes.len()], Values::Floats(values))
    }
}

fn session(environment: &Environment, bytes: &[u8], threads: usize) -> ort::Result<Session> {
    let mut builder = Session::builder(environment)?
        .with_intra_threads(threads)?
        // Threads that wait for work take the processors from those that read requests.
        .with_intra_op_spinning(false)?
        .with_inter_threads(1)?
        .with_deterministic_compute(true)?;
    builder.commit_from_memory(bytes)
}

/// The tensor as the input takes it.
fn given(tensor: &Tensor, kind: TensorElementType) -> Result<SessionInputValue<'static>, OnnxError> {
    let shape = tensor.shape().to_vec();
    let refused = || OnnxError::Runtime(format!("an input of {kind} is not filled"));
    let range = |value: &i64| OnnxError::Runtime(format!("{value} is beyond an input of {kind}"));
    macro_rules! narrow {
        ($values:expr, $type:ty) => {{
            let values: Result<Vec<$type>, _> = $values
                .iter()
                .map(|value| <$type>::try_from(*value).map_err(|_beyond| range(value)))
                .collect();
            Given::from_array((shape, values?)).map(Into::into)
        }};
    }
    let value = match (tensor.values(), kind) {
        (Values::Floats(values), TensorElementType::Float32) => {
            Given::from_array((shape, values.clone())).map(Into::into)
        }
        (Values::Floats(values), TensorElementType::Float64) => {
            let values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
            Given::from_array((shape, values)).map(Into::into)
        }
        (Values::Whole(values), TensorElementType::Int64) => {
            Given::from_array((shape, values.clone())).map(Into::into)
        }
        (Values::Whole(values), TensorElementType::Int32) => narrow!(values, i32),
        (Values::Whole(values), TensorElementType::Int16) => narrow!(values, i16),
        (Values::Whole(values), TensorElementType::Int8) => narrow!(values, i8),
        (Values::Whole(values), TensorElementType::Uint8) => narrow!(values, u8),
        (Values::Whole(values), TensorElementType::Bool) => {
            let values: Vec<bool> = values.iter().map(|&value| value != 0).collect();
            Given::from_array((shape, values)).map(Into::into)
        }
        (Values::Texts(values), TensorElementType::String) => {
            Given::from_string_array((shape, values.as_slice())).map(Into::into)
        }
        _ => return Err(refused()),
    };
    value.map_err(failed)
}

fn extents(shape: &Shape) -> Vec<usize> {
    shape.iter().map(|&extent| usize::try_from(extent).unwrap_or(0)).collect()
}

type Read = ort::Result<(Vec<usize>, Values)>;

fn numbers<T: ort::value::PrimitiveTensorElementType>(value: &DynValue, of: fn(&T) -> f32) -> Read {
    let (shape, values) = value.try_extract_tensor::<T>()?;
    Ok((extents(shape), Values::Floats(values.iter().map(of).collect())))
}

fn whole<T: ort::value::PrimitiveTensorElementType>(value: &DynValue, of: fn(&T) -> i64) -> Read {
    let (shape, values) = value.try_extract_tensor::<T>()?;
    Ok((extents(shape), Values::Whole(values.iter().map(of).collect())))
}
