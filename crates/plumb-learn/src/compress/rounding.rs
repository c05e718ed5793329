//! Training that feels 8 bits: in each pass weights and what goes into layers are rounded as the quantized file will round them.
//!
//! Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference": slopes pass
//! through the rounding as if it were not there, within the range (straight-through). Ranges are those that were measured and stay. Norms
//! over batches use their running statistics, for the file will have them inside the layers before. A layer's weights have a scale for
//! each output, so that rounding them before a norm is put into them is rounding them behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plumb_data::prepare::Prepared;
use plumb_onnx::{Codes, Range, through_codes};

use crate::network::{LayerCodes, Network, Pass};
use crate::parameters::{ids, update_all};
use crate::predict::outputs_by;

/// How what goes into layers is rounded, and what convolutions give where two ways of a residual network meet, by the names of the
/// layers' weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rounding {
    inputs: BTreeMap<String, Codes>,
    outputs: BTreeMap<String, Codes>,
}

impl Rounding {
    /// By the ranges of what goes into layers, and of what comes out of those that meet.
    pub fn new(inputs: &BTreeMap<String, Range>, meeting: &BTreeMap<String, Range>) -> Self {
        let codes = |of: &BTreeMap<String, Range>| {
            of.iter().map(|(name, range)| (name.clone(), range.codes())).collect()
        };
        Self { inputs: codes(inputs), outputs: codes(meeting) }
    }

    /// How many of its layers the network has.
    pub(crate) fn found<N: Network>(&self, network: &N) -> usize {
        self.codes(network).inputs.len()
    }

    /// The network with weights as they will be stored. Copies all of its values.
    pub(crate) fn weights<N: Network>(&self, network: N) -> N {
        update_all(network, |name, shape, values| {
            // Filters come first, in matrices what is read does.
            let axis = usize::from(shape.len() == 2);
            if self.inputs.contains_key(name) {
                through_codes(values, shape, axis);
            }
        })
    }

    /// The codes of this network's layers.
    pub(crate) fn codes<N: Network>(&self, network: &N) -> Arc<LayerCodes> {
        let known = ids(network);
        let of = |all: &BTreeMap<String, Codes>| {
            all.iter().filter_map(|(name, codes)| Some((*known.get(name)?, *codes))).collect()
        };
        Arc::new(LayerCodes { inputs: of(&self.inputs), outputs: of(&self.outputs) })
    }

    /// What the network says of prepared rows in 8 bits.
    pub(crate) fn outputs<N: Network>(&self, network: &N, data: &Prepared) -> Vec<f32> {
        let network = self.weights(network.clone());
        let codes = self.codes(&network);
        outputs_by(&network, data, || Pass::inference().rounded_by(Some(Arc::clone(&codes))))
    }
}
