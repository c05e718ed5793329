//! What a network for texts looks at: how much each token speaks for a class, and where attention goes.

use burn::tensor::Tensor;

use super::score;
use crate::batches::Batch;
use crate::models::text::TextNetwork;
use crate::network::Pass;
use crate::parameters::host;

/// Where the tokens of a text look, in one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionMap {
    /// Heads.
    pub heads: usize,
    /// Tokens.
    pub tokens: usize,
    /// `[heads, tokens, tokens]`: what each token takes from each, of 1.
    pub weights: Vec<f32>,
}

impl AttentionMap {
    /// Of one sequence: queries, keys and values side by side, `[1, tokens, 3 * width]`. Costs `tokens` squared times
    /// `width`.
    pub(crate) fn of(projected: Tensor<3>, heads: usize) -> Self {
        let [_, tokens, three] = projected.dims();
        let (values, width) = (host(projected.inner()), three / 3);
        let depth = width / heads.max(1);
        let mut weights = Vec::with_capacity(heads * tokens * tokens);
        for (head, query) in (0..heads).flat_map(|head| (0..tokens).map(move |query| (head, query))) {
            let part =
                |token: usize, of: usize| &values[token * three + of * width + head * depth..][..depth];
            let product =
                |key: usize| -> f32 { part(query, 0).iter().zip(part(key, 1)).map(|(q, k)| q * k).sum() };
            let scores: Vec<f32> = (0..tokens).map(|key| product(key) / (depth as f32).sqrt()).collect();
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let shares: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
            let sum: f32 = shares.iter().sum();
            weights.extend(shares.iter().map(|share| share / sum));
        }
        Self { heads, tokens, weights }
    }

    /// For each head, the mean over tokens of the entropy of what they take, as a share of that of equal parts: 0 where
    /// each takes from one token alone, 1 where each takes from all alike. 1 for a sequence of one token.
    pub fn evenness(&self) -> Vec<f64> {
        let most = (self.tokens as f64).ln();
        let entropy = |shares: &[f32]| -> f64 {
            let shares = shares.iter().map(|&share| f64::from(share)).filter(|share| *share > 0.0);
            -shares.map(|share| share * share.ln()).sum::<f64>()
        };
        let head = |rows: &[f32]| {
            let total: f64 = rows.chunks(self.tokens).map(entropy).sum();
            if most > 0.0 { total / (self.tokens as f64 * most) } else { 1.0 }
        };
        self.weights.chunks((self.tokens * self.tokens).max(1)).map(head).collect()
    }
}

/// Steps from no words to the words: the sum of the parts is then within a few per cent of the whole.
const STEPS: usize = 24;

/// How much each token of a batch of one text speaks for a class: integrated gradients (Sundararajan et al. 2017) of the
/// class's output on the way from vectors of 0 in place of the words, at their places, to the words. The sum is about what the words change of
/// the output. The network's tensors must be on an autodiff device ([`crate::model::training_device`]).
///
/// Costs a training step of one text for each of 24 steps.
pub fn attributions(network: &TextNetwork, batch: &Batch, class: usize) -> Vec<f32> {
    let Some(tokens) = &batch.tokens else { return Vec::new() };
    let words = network.encoder.embed(tokens).detach();
    let places = network.encoder.embed_places(tokens).detach();
    let [_, count, width] = words.dims();
    let change = words - places.clone();
    let mut sum = vec![0.0f32; count * width];
    for step in 0..STEPS {
        // The middle of each step.
        let share = (step as f64 + 0.5) / STEPS as f64;
        let between: Tensor<3> = (places.clone() + change.clone().mul_scalar(share)).detach().require_grad();
        let outputs = network.of_embedded(between.clone(), batch, &mut Pass::inference());
        let mut gradients = score(outputs, class).backward();
        let Some(gradient) = between.grad_remove(&mut gradients) else { return vec![0.0; count] };
        sum.iter_mut().zip(host(gradient)).for_each(|(sum, gradient)| *sum += gradient / STEPS as f32);
    }
    let change = host(change.inner());
    let of_token = |(sum, change): (&[f32], &[f32])| sum.iter().zip(change).map(|(a, b)| a * b).sum();
    sum.chunks(width.max(1)).zip(change.chunks(width.max(1))).map(of_token).collect()
}

/// Where attention goes in a batch of one text, layer by layer.
pub fn attentions(network: &TextNetwork, batch: &Batch) -> Vec<AttentionMap> {
    batch.tokens.as_ref().map_or_else(Vec::new, |tokens| network.encoder.attentions(tokens))
}

#[cfg(test)]
mod tests {
    use plumb_data::prepare::{Prepared, PreparedLabels, PreparedTexts};
    use plumb_ledger::Seed;

    use super::*;
    use crate::model::{Inputs, NetworkConfig, TextInput, training_device};
    use crate::network::Network as _;
    use crate::presets::{self, Circumstances};

    #[test]
    fn evenness_tells_a_pointing_head_from_a_blurred_one() {
        let pointing = [1.0, 0.0, 0.0, 1.0];
        let map = AttentionMap { heads: 2, tokens: 2, weights: [pointing, [0.5; 4]].concat() };
        assert_eq!(map.evenness(), [0.0, 1.0]);
        assert_eq!(AttentionMap { heads: 1, tokens: 1, weights: vec![1.0] }.evenness(), [1.0]);
    }

    fn network() -> TextNetwork {
        let of = Circumstances {
            task: plumb_stats::Task::Binary,
            rows: 100,
            columns: 1,
            picture_side: None,
            pretrained: false,
            encoder: None,
            backbone: None,
            primary: "accuracy",
        };
        let NetworkConfig::Text(config) = (presets::named("transformer").unwrap().network)(&of) else {
            panic!("a network for texts")
        };
        let inputs = Inputs { text: Some(TextInput { vocabulary: 40, length: 16 }), ..Inputs::default() };
        TextNetwork::new(&config, &inputs, 3, Seed(1).stream("start"), &training_device())
    }

    fn batch(tokens: Vec<u32>) -> Batch {
        let texts: PreparedTexts = std::iter::once(tokens).collect();
        let prepared = Prepared {
            rows: 1,
            numbers: Vec::new(),
            numbers_width: 0,
            flags: Vec::new(),
            flags_width: 0,
            codes: Vec::new(),
            codes_width: 0,
            images: None,
            texts: Some(texts),
            labels: PreparedLabels::Absent,
        };
        Batch::gather(&prepared, &[0], &training_device())
    }

    #[test]
    fn the_parts_of_the_words_sum_to_what_the_words_change() {
        let (network, batch) = (network(), batch(vec![2, 17, 5, 33, 8, 3]));
        let tokens = batch.tokens.as_ref().unwrap();
        let of =
            |hidden: Tensor<3>| host(network.of_embedded(hidden, &batch, &mut Pass::inference()).inner());
        let with = of(network.encoder.embed(tokens));
        assert_eq!(with, host(network.forward(&batch, &mut Pass::inference()).inner()));
        let without = of(network.encoder.embed_places(tokens));
        for class in 0..3 {
            let parts = attributions(&network, &batch, class);
            let (sum, change) = (parts.iter().sum::<f32>(), with[class] - without[class]);
            assert_eq!(parts.len(), 6);
            assert!((sum - change).abs() < 0.05 * change.abs().max(0.02), "{class}: {sum} for {change}");
        }
    }

    #[test]
    fn what_a_token_takes_is_one_in_all_and_makes_the_layers_output() {
        let (network, batch) = (network(), batch(vec![2, 17, 5, 33, 8, 3]));
        let layers = attentions(&network, &batch);
        assert_eq!(layers.len(), 3);
        for layer in &layers {
            assert_eq!((layer.heads, layer.tokens, layer.weights.len()), (4, 6, 4 * 36));
            for row in layer.weights.chunks(6) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row.iter().all(|&share| share > 0.0));
            }
        }
        // Other words, other attention.
        assert_ne!(layers, attentions(&network, &self::batch(vec![2, 17, 5, 33, 9, 3])));
    }
}
