//! Networks, on `rten`.

use rten::{DataType, Dimension, Model, ModelOptions, Value, ValueOrView, ValueType};
use rten_tensor::prelude::*;

use crate::tensor::Values;
use crate::{OnnxError, Tensor};

/// A network that was loaded.
pub(crate) struct Network {
    model: Model,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("parameters", &self.model.total_params()).finish_non_exhaustive()
    }
}

impl Network {
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, OnnxError> {
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load(bytes).map_err(|error| OnnxError::Network(error.to_string()))?;
        Ok(Self { model })
    }

    /// The outputs of those names.
    pub(crate) fn run(
        &self,
        inputs: Vec<(String, Tensor)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let node =
            |name: &str| self.model.node_id(name).map_err(|_unknown| OnnxError::NoName(name.to_owned()));
        let mut values: Vec<(_, ValueOrView<'_>)> = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let id = node(&name)?;
            self.check(&name, tensor.shape())?;
            let element = self.model.node_info(id).and_then(|info| info.dtype());
            values.push((id, value(&tensor, element)?.into()));
        }
        let wanted: Vec<_> = outputs.iter().map(|name| node(name)).collect::<Result<_, _>>()?;
        let found = self.model.run(values, &wanted, None);
        let found = found.map_err(|error| OnnxError::Network(error.to_string()))?;
        found.into_iter().zip(outputs).map(|(found, name)| answer(found, name)).collect()
    }

    /// The extents that the file fixes are those of the input: a wrong one is told here and not deep in an operator.
    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OnnxError> {
        let place = self.model.input_ids().iter().position(|&id| {
            self.model.node_info(id).and_then(|info| info.name().map(|known| known == name)).unwrap_or(false)
        });
        let Some(wanted) = place.and_then(|place| self.model.input_shape(place)) else { return Ok(()) };
        let fits = |(wanted, found): (&Dimension, &usize)| !matches!(wanted, Dimension::Fixed(extent) if extent != found);
        if wanted.len() == shape.len() && wanted.iter().zip(shape).all(fits) {
            return Ok(());
        }
        Err(OnnxError::Network(format!(
            "the input `{name}` has the shape {shape:?}, the model wants {wanted:?}"
        )))
    }
}

/// An output as a tensor of ours.
fn answer(found: Value, name: &str) -> Result<Tensor, OnnxError> {
    let whole = |values: Vec<i32>| Values::Whole(values.into_iter().map(i64::from).collect());
    match found {
        Value::FloatTensor(found) => Tensor::new(found.shape().to_vec(), Values::Floats(found.to_vec())),
        Value::Int32Tensor(found) => Tensor::new(found.shape().to_vec(), whole(found.to_vec())),
        Value::UInt8Tensor(found) => {
            Tensor::new(found.shape().to_vec(), whole(found.iter().map(|&x| i32::from(x)).collect()))
        }
        Value::Int8Tensor(found) => {
            Tensor::new(found.shape().to_vec(), whole(found.iter().map(|&x| i32::from(x)).collect()))
        }
        _ => Err(OnnxError::Network(format!("the output `{name}` is no tensor of numbers"))),
    }
}

/// The tensor with the elements that the model declares: whole numbers have 8 or 32 bits.
fn value(tensor: &Tensor, element: Option<ValueType>) -> Result<Value, OnnxError> {
    let failed = |error: &dyn std::fmt::Display| OnnxError::Network(error.to_string());
    let shape = tensor.shape();
    match (tensor.values(), element) {
        (Values::Floats(values), _) => {
            Value::from_shape(shape, values.clone()).map_err(|error| failed(&error))
        }
        (Values::Whole(values), Some(ValueType::Tensor(DataType::UInt8))) => {
            Value::from_shape(shape, narrowed::<u8>(values)?).map_err(|error| failed(&error))
        }
        (Values::Whole(values), Some(ValueType::Tensor(DataType::Int8))) => {
            Value::from_shape(shape, narrowed::<i8>(values)?).map_err(|error| failed(&error))
        }
        (Values::Whole(values), _) => {
            Value::from_shape(shape, narrowed::<i32>(values)?).map_err(|error| failed(&error))
        }
        (Values::Texts(_), _) => Err(OnnxError::Network("texts go into no network".to_owned())),
    }
}

fn narrowed<T: TryFrom<i64>>(values: &[i64]) -> Result<Vec<T>, OnnxError> {
    let bits = 8 * size_of::<T>();
    let one = |&value: &i64| {
        T::try_from(value)
            .map_err(|_large| OnnxError::Network(format!("{value} goes into no input of {bits} bits")))
    };
    values.iter().map(one).collect()
}
