//! What each unit is worth.

use std::collections::BTreeMap;

use plumb_data::prepare::Prepared;
use serde::{Deserialize, Serialize};

use super::cut::sums;
use super::units::{Place, Units};
use crate::batches::Batch;
use crate::losses::Loss;
use crate::model::{TabularNetwork, training_device};
use crate::network::{Network as _, Pass};
use crate::parameters::{Array, Arrays, gradients};

/// What a unit is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Importance {
    /// How much the loss of train rows would change without it, to first order: the square of the sum, over what feeds on the unit, of
    /// weight times gradient, which is the gradient of a gate behind the unit; the mean over batches (Molchanov et al. 2019,
    /// <https://arxiv.org/abs/1906.10771>; for heads Michel et al. 2019).
    Taylor,
    /// The size of the scale of its batch norm (Liu et al. 2017), or the length of the weights that make it.
    Magnitude,
}

/// Rows that gradients are taken on: their mean over batches settles long before.
const ROWS: usize = 2048;
/// Rows of a batch.
const BATCH: usize = 64;

/// The importance of each unit of each set by first-order Taylor expansion, on rows evenly spread over the train rows. The network's
/// tensors must be on an autodiff device.
pub(super) fn taylor(
    network: &TabularNetwork,
    sets: &[Units],
    rows: &Prepared,
    loss: &Loss,
) -> Vec<Vec<f64>> {
    let mut scores: Vec<Vec<f64>> = sets.iter().map(|units| vec![0.0; units.count]).collect();
    let arrays = Arrays::of(network);
    let device = training_device();
    let spread: Vec<u32> = (0..rows.rows as u32).step_by(rows.rows.div_ceil(ROWS).max(1)).collect();
    for places in spread.chunks(BATCH) {
        let batch = Batch::gather(rows, places, &device);
        let outputs = network.forward(&batch, &mut Pass::inference());
        let loss = loss.mean(outputs, &batch.labels);
        let slopes: BTreeMap<String, Vec<f32>> = gradients(network, loss.backward()).into_iter().collect();
        for (units, scores) in sets.iter().zip(&mut scores) {
            for (unit, score) in scores.iter_mut().enumerate() {
                let of = |place: &Place| of_gate(place, units.count, unit, &arrays, &slopes);
                *score += units.fed.iter().map(of).sum::<f64>().powi(2);
            }
        }
    }
    scores
}

/// The sum of weight times gradient over what feeds on a unit in one array.
fn of_gate(
    place: &Place,
    count: usize,
    unit: usize,
    arrays: &Arrays,
    slopes: &BTreeMap<String, Vec<f32>>,
) -> f64 {
    let (Some(array), Some(slopes)) = (arrays.0.get(&place.name), slopes.get(&place.name)) else {
        return 0.0;
    };
    let product = |at: usize| f64::from(array.values[at]) * f64::from(slopes[at]);
    sums(array, place.axis, place.entries(count, unit), product)
}

/// The importance of each unit of each set by the size of its own values.
pub(super) fn magnitude(arrays: &Arrays, sets: &[Units]) -> Vec<Vec<f64>> {
    let of_set = |units: &Units| (0..units.count).map(|unit| size(arrays, units, unit)).collect();
    sets.iter().map(of_set).collect()
}

fn size(arrays: &Arrays, units: &Units, unit: usize) -> f64 {
    if let Some(scale) = units.scale.as_ref().and_then(|name| arrays.0.get(name)) {
        return scale.values.get(unit).map_or(0.0, |scale| f64::from(scale.abs()));
    }
    let is_weight = |array: &&Array| array.shape.iter().filter(|&&extent| extent > 1).count() > 1;
    let squares = |place: &Place| {
        let array = arrays.0.get(&place.name).filter(is_weight)?;
        let square = |at: usize| f64::from(array.values[at]).powi(2);
        Some(sums(array, place.axis, place.entries(units.count, unit), square))
    };
    units.own.iter().filter_map(squares).sum::<f64>().sqrt()
}
