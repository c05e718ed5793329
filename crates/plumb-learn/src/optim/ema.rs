//! The exponential moving average of the weights, as `torch.optim.swa_utils.get_ema_multi_avg_fn`.

use std::collections::BTreeMap;

use super::OptimizerError;

/// Averages of named parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Ema {
    decay: f64,
    averages: BTreeMap<String, Vec<f32>>,
}

impl Ema {
    /// An average that keeps `decay` of itself at each update, in `[0, 1)`; 0.999 looks back 1,000 steps.
    pub fn new(decay: f64) -> Result<Self, OptimizerError> {
        OptimizerError::require((0.0..1.0).contains(&decay), "ema", decay, "at least 0 and below 1")?;
        Ok(Self { decay, averages: BTreeMap::new() })
    }

    /// Takes the new values of a parameter in; the first ones are taken as they are.
    pub fn update(&mut self, name: &str, values: &[f32]) -> Result<(), OptimizerError> {
        let Some(average) = self.averages.get_mut(name) else {
            self.averages.insert(name.to_owned(), values.to_vec());
            return Ok(());
        };
        if average.len() != values.len() {
            return Err(OptimizerError::shape(name, average.len(), values.len()));
        }
        let new = (1.0 - self.decay) as f32;
        for (average, value) in average.iter_mut().zip(values) {
            *average += (value - *average) * new;
        }
        Ok(())
    }

    /// The averages by parameter, for evaluation and for the checkpoint.
    pub fn averages(&self) -> &BTreeMap<String, Vec<f32>> {
        &self.averages
    }

    /// Goes on from saved averages.
    pub fn restore(&mut self, averages: BTreeMap<String, Vec<f32>>) {
        self.averages = averages;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::golden::{self, vectors};

    #[test]
    fn equal_to_torch() {
        let case = &golden::read()["ema"];
        let mut ema = Ema::new(case["decay"].as_f64().unwrap()).unwrap();
        for (values, expected) in vectors(&case["values"]).iter().zip(vectors(&case["averages"])) {
            ema.update("p", values).unwrap();
            for (average, expected) in ema.averages()["p"].iter().zip(expected) {
                assert!((average - expected).abs() <= 1e-6 * expected.abs(), "{average} {expected}");
            }
        }
    }

    #[test]
    fn a_decay_of_one_would_never_move() {
        assert!(Ema::new(1.0).is_err());
    }
}
