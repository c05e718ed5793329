//! The same model with smaller numbers: a graph in, a graph out, in the forms that ONNX Runtime and the runtimes here read.
//!
//! What is made, one file each: activations and weights in 8 bits with ranges that were measured before ([`qdq`]) or are measured
//! at each request ([`dynamic`]); weights alone in 8 or 4 bits or in half precision ([`weights`]).

mod dynamic;
mod edit;
mod entropy;
mod layers;
mod qdq;
mod ranges;
mod scales;
#[cfg(test)]
mod tests;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

pub use layers::Layer;
pub use ranges::{Calibration, Codes, Range, Watch};
pub use scales::through_codes;
pub use weights::WeightForm;

use crate::OnnxError;
use crate::proto::{Graph, Model, Type, ValueInfo};

/// A model in single precision whose layers can be put into smaller numbers.
#[derive(Debug, Clone)]
pub struct Original {
    model: Model,
    graph: Graph,
    layers: Vec<Layer>,
}

impl Original {
    /// Reads a file that [`crate::GraphWriter`] wrote; of other files what that one does not write is lost.
    pub fn read(bytes: &[u8]) -> Result<Self, OnnxError> {
        let mut model = Model::decode(bytes).map_err(|error| OnnxError::Damaged(error.to_string()))?;
        let graph = model.graph.take().ok_or_else(|| OnnxError::Damaged("there is no graph".to_owned()))?;
        let layers = layers::layers(&graph);
        Ok(Self { model, graph, layers })
    }

    /// The layers whose products can be computed in 8 bits, in the order of the graph.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The values whose ranges [`Original::quantized`] asks for.
    pub fn watched(&self) -> Vec<String> {
        qdq::Places::new(&self.graph, &self.layers, &BTreeSet::new()).watched()
    }

    /// The range of what goes into each layer, by the name of the layer's weights.
    pub fn inputs(&self, ranges: &BTreeMap<String, Range>) -> BTreeMap<String, Range> {
        let places = qdq::Places::new(&self.graph, &self.layers, &BTreeSet::new());
        let input = |layer: &Layer| {
            let name = self.graph.node.get(layer.node)?.input.first()?;
            Some((layer.constant.clone(), places.range(name, ranges)?))
        };
        self.layers.iter().filter_map(input).collect()
    }

    /// The range of what convolutions give where it meets another value in 8 bits, by the name of their weights.
    pub fn meeting(&self, ranges: &BTreeMap<String, Range>) -> BTreeMap<String, Range> {
        let places = qdq::Places::new(&self.graph, &self.layers, &BTreeSet::new());
        let output = |layer: &Layer| {
            let name = self.graph.node.get(layer.node)?.output.first()?;
            Some((layer.constant.clone(), places.range(name, ranges).filter(|_| places.has(name))?))
        };
        self.layers.iter().filter_map(output).collect()
    }

    /// The same model with these values as further outputs.
    pub fn showing(&self, values: &[String]) -> Vec<u8> {
        let mut graph = self.graph.clone();
        let known: BTreeSet<String> = graph.output.iter().map(|port| port.name.clone()).collect();
        let added = values.iter().filter(|name| !known.contains(*name)).map(|name| ValueInfo {
            name: name.clone(),
            r#type: Some(Type { tensor_type: Some(edit::floats()), sequence_type: None }),
        });
        graph.output.extend(added);
        self.file(graph)
    }

    /// Products in 8 bits of all layers but those `left` (by their place), with ranges that were measured: `QuantizeLinear` and
    /// `DequantizeLinear` around each, activations of 0 to 255 with a zero point, weights of -127 to 127 with a scale for each output.
    pub fn quantized(
        &self,
        ranges: &BTreeMap<String, Range>,
        left: &BTreeSet<usize>,
    ) -> Result<Vec<u8>, OnnxError> {
        Ok(self.file(qdq::quantized(&self.graph, &self.layers, ranges, left)?))
    }

    /// Products of matrices in 8 bits, of all layers but those `left`, with ranges that are measured at each request: what a row is
    /// answered depends, by rounding, on the rows beside it. Convolutions stay as they are.
    pub fn dynamic(&self, left: &BTreeSet<usize>) -> Result<Vec<u8>, OnnxError> {
        Ok(self.file(dynamic::quantized(&self.graph, &self.layers, left)?))
    }

    /// Weights in smaller numbers, arithmetic in single precision.
    pub fn with_weights(&self, form: WeightForm) -> Result<Vec<u8>, OnnxError> {
        let mut model = self.model.clone();
        model.graph = Some(weights::stored(&self.graph, &self.layers, form)?);
        if form == WeightForm::Int4 {
            weights::raise_opset(&mut model);
        }
        Ok(model.encode_to_vec())
    }

    fn file(&self, graph: Graph) -> Vec<u8> {
        Model { graph: Some(graph), ..self.model.clone() }.encode_to_vec()
    }
}
