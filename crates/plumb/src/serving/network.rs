//! The network of a bundle without its preparation, as `NAME.network`: the tensors of its ONNX file, for clients that prepare rows themselves.

use std::sync::Arc;

use plumb_data::prepare::{Encoding, Preparation};
use plumb_learn::export::{ATTENTION_MASK, INPUT_IDS};
use plumb_onnx::{Element, OnnxModel, Values};
use plumb_serve::tensor::{Data, Datatype, Tensor};
use plumb_serve::{Network, Port, ServeError, Signature};

/// A network that answers tensors.
#[derive(Debug)]
pub(super) struct BundleNetwork {
    name: String,
    version: String,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    file: Arc<OnnxModel>,
}

impl BundleNetwork {
    /// The network of a model's file.
    pub(super) fn new(of: &Signature, preparation: &Preparation, file: Arc<OnnxModel>) -> Self {
        let port = |port: &plumb_onnx::Port, datatype| Port {
            name: port.name.clone(),
            datatype,
            // The rows are for a request to decide, whatever the file says of them.
            shape: std::iter::once(-1)
                .chain(port.shape.iter().skip(1).map(|extent| extent.map_or(-1, |extent| extent as i64)))
                .collect(),
        };
        let inputs =
            file.inputs().iter().map(|of| port(of, datatype(&of.name, of.element, preparation))).collect();
        let outputs = file.outputs().iter().map(|of| port(of, of_element(of.element))).collect();
        Self { name: format!("{}.network", of.name), version: of.version.clone(), inputs, outputs, file }
    }
}

fn of_element(element: Element) -> Datatype {
    match element {
        Element::Float => Datatype::Fp32,
        Element::Whole => Datatype::Int64,
        Element::Truth => Datatype::Bool,
        Element::Text | Element::Other => Datatype::Bytes,
    }
}

/// The datatype that the file declares for an input.
fn datatype(name: &str, element: Element, preparation: &Preparation) -> Datatype {
    if [INPUT_IDS, ATTENTION_MASK].contains(&name) {
        return Datatype::Int64;
    }
    let column = preparation.columns.iter().find(|column| column.name == name);
    match column.map(|column| &column.encoding) {
        Some(Encoding::Image(_)) => Datatype::Uint8,
        Some(Encoding::Number { .. }) => Datatype::Fp64,
        _ => of_element(element),
    }
}

impl Network for BundleNetwork {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ServeError> {
        let inputs = inputs.into_iter().map(into_file).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<&str> = self.outputs.iter().map(|port| port.name.as_str()).collect();
        let found =
            self.file.run_all(inputs, &names).map_err(|error| ServeError::Failed(error.to_string()))?;
        self.outputs.iter().zip(found).map(|(port, found)| out_of_file(port, &found)).collect()
    }
}

fn into_file(tensor: Tensor) -> Result<(String, plumb_onnx::Tensor), ServeError> {
    let (name, shape, data) = tensor.into_parts();
    let whole = |data: &Data| data.whole().map(Values::Whole);
    let values = match &data {
        Data::Fp32(values) => Some(Values::Floats(values.clone())),
        Data::Bytes(values) => {
            let text = |value: &bytes::Bytes| String::from_utf8(value.to_vec()).ok();
            values.iter().map(text).collect::<Option<_>>().map(Values::Texts)
        }
        data => whole(data).or_else(|| {
            Some(Values::Floats(data.numbers()?.into_iter().map(|value| value as f32).collect()))
        }),
    };
    let values =
        values.ok_or_else(|| ServeError::Asked(format!("the input `{name}` holds what is no text")))?;
    let tensor =
        plumb_onnx::Tensor::new(shape, values).map_err(|error| ServeError::Asked(error.to_string()))?;
    Ok((name, tensor))
}

fn out_of_file(port: &Port, found: &plumb_onnx::Tensor) -> Result<Tensor, ServeError> {
    let data = match (found.values(), port.datatype) {
        (Values::Floats(values), _) => Data::Fp32(values.clone()),
        (Values::Whole(values), Datatype::Bool) => {
            Data::Bool(values.iter().map(|&value| value != 0).collect())
        }
        (Values::Whole(values), _) => Data::Int64(values.clone()),
        (Values::Texts(values), _) => {
            Data::Bytes(values.iter().map(|text| text.clone().into_bytes().into()).collect())
        }
    };
    Tensor::new(port.name.clone(), found.shape().to_vec(), data)
        .map_err(|error| ServeError::Failed(error.to_string()))
}
