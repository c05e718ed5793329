//! Single weights set to 0: fewer numbers that say something, as many products.

use super::PruneError;
use crate::parameters::{Array, Arrays};
use crate::predict::TrainedModel;

/// A model with single weights set to 0.
#[derive(Debug, Clone)]
pub struct Sparse {
    /// The model; its arrays have their extents.
    pub model: TrainedModel,
    /// Weights that are 0.
    pub zeros: u64,
    /// Weights of matrices and convolutions.
    pub weights: u64,
}

impl Sparse {
    /// What people must be told of it: dense kernels multiply by 0 as fast as by any other number.
    pub const SAVES_NO_TIME: &'static str = "single weights of 0 save no time: the arrays keep their extents, and every product is still \
                                             computed; only a compressed file is smaller. To save time, prune whole units";
}

/// Sets the `share` of smallest weights of each matrix and convolution to 0 (Han et al. 2015). Biases, norms and tables of vectors stay.
pub fn prune_weights(model: &TrainedModel, share: f64) -> Result<Sparse, PruneError> {
    if !(0.0..1.0).contains(&share) {
        return Err(PruneError::Share(share));
    }
    let mut arrays = model.weights();
    let (mut zeros, mut weights) = (0, 0);
    for (name, array) in &mut arrays.0 {
        if name.ends_with("weight") && array.shape.len() > 1 {
            clear_smallest(array, share);
            zeros += array.values.iter().filter(|value| value.abs() <= 0.0).count() as u64;
            weights += array.values.len() as u64;
        }
    }
    let model = with_weights(model, &arrays)?;
    Ok(Sparse { model, zeros, weights })
}

/// The same model with other values.
fn with_weights(model: &TrainedModel, weights: &Arrays) -> Result<TrainedModel, PruneError> {
    Ok(TrainedModel::new(model.config().clone(), model.preparation().clone(), weights)?)
}

fn clear_smallest(array: &mut Array, share: f64) {
    let mut places: Vec<usize> = (0..array.values.len()).collect();
    places.sort_by(|&a, &b| array.values[a].abs().total_cmp(&array.values[b].abs()));
    let count = (share * places.len() as f64).round() as usize;
    for place in places.into_iter().take(count) {
        array.values[place] = 0.0;
    }
}
