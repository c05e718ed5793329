//! Trial steps on a copy of a network: what the range test and the preflight checks learn with.

use std::collections::BTreeMap;

use burn::tensor::Device;
use plumb_data::prepare::Prepared;
use plumb_ledger::{Seed, Stream};

use crate::batches::Batch;
use crate::losses::Loss;
use crate::network::{Network, ParameterRule, Pass};
use crate::optim::clip::sum_of_squares;
use crate::optim::{Hyper, Optimizer, OptimizerConfig, OptimizerError};
use crate::parameters::{Arrays, gradients, host, trained_names, update, write_buffers};

/// A copy of a network in training. The network itself and its real run stay as they are.
pub(crate) struct Trial<'a, N> {
    network: N,
    optimizer: Optimizer,
    rules: BTreeMap<String, ParameterRule>,
    loss: &'a Loss,
    data: &'a Prepared,
    device: Device,
    stream: Stream,
    steps: u64,
}

/// What a step showed, before it moved the weights.
pub(crate) struct Shown {
    /// The mean loss of its rows.
    pub(crate) loss: f64,
    /// The norm of each parameter's gradient.
    pub(crate) norms: Vec<(String, f64)>,
}

impl<'a, N: Network> Trial<'a, N> {
    pub(crate) fn new(
        network: &N,
        data: &'a Prepared,
        loss: &'a Loss,
        optimizer: &OptimizerConfig,
        seed: Seed,
    ) -> Result<Self, OptimizerError> {
        let rules = Arrays::of(network).0.into_iter().map(|(name, array)| {
            let rule = network.rule(&name, &array.shape);
            (name, rule)
        });
        Ok(Self {
            rules: rules.collect(),
            optimizer: Optimizer::new(optimizer.clone())?,
            device: network.devices().into_iter().next().unwrap_or_else(Device::flex).autodiff(),
            network: network.clone(),
            loss,
            data,
            stream: seed.stream("trial"),
            steps: 0,
        })
    }

    /// The network as it is now.
    pub(crate) fn network(&self) -> &N {
        &self.network
    }

    /// The values that are to be trained, whether a gradient reaches them or not: those that ask for one and whatever is
    /// called a weight, but for what rests by its rule.
    pub(crate) fn trained(&self) -> Vec<String> {
        let asks = trained_names(&self.network);
        let is_trained = |name: &str| asks.contains(name) || name.ends_with("weight");
        let trained = self.rules.iter().filter(|(name, rule)| rule.rate > 0.0 && is_trained(name));
        trained.map(|(name, _)| name.clone()).collect()
    }

    /// One step on these rows, without decay. `dropout_factor` multiplies the network's own dropout rates.
    pub(crate) fn step(
        mut self,
        rows: &[u32],
        lr: f64,
        dropout_factor: f64,
    ) -> Result<(Self, Shown), OptimizerError> {
        let batch = Batch::gather(self.data, rows, &self.device);
        let mut pass = Pass::training(self.stream.at(self.steps), dropout_factor);
        self.steps += 1;
        let loss = self.loss.mean(self.network.forward(&batch, &mut pass), &batch.labels);
        let value = host(loss.clone().inner()).first().copied().map_or(f64::NAN, f64::from);
        let gradients: BTreeMap<String, Vec<f32>> =
            gradients(&self.network, loss.backward()).into_iter().collect();
        let mut outcome = Ok(());
        let network = write_buffers(self.network, &pass.take_buffers());
        self.network = update(network, |name, _, values| {
            let Some(gradient) = gradients.get(name) else { return };
            let rate = self.rules.get(name).map_or(1.0, |rule| rule.rate);
            let moved = self.optimizer.update(name, values, gradient, &Hyper::at_rate(lr * rate));
            if outcome.is_ok() {
                outcome = moved;
            }
        });
        outcome?;
        let norm = |(name, gradient): (String, Vec<f32>)| (name, sum_of_squares(&gradient).sqrt());
        Ok((self, Shown { loss: value, norms: gradients.into_iter().map(norm).collect() }))
    }
}
