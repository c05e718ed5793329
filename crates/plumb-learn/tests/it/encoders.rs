//! Encoders of texts against Hugging Face's `transformers`: the same names, strictly, there and back, the same hidden states and logits.
//!
//! `oracles/encoders.py` made the golden file; weights follow from its formula and are not committed.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::prepare::{Prepared, PreparedTexts};
use plumb_data::tokens::{Pieces, train};
use plumb_learn::batches::Batch;
use plumb_learn::model::{Inputs, TextInput};
use plumb_learn::models::text::recurrent::{CellKind, Recurrent, RecurrentConfig};
use plumb_learn::models::text::{Pooling, TextNetwork};
use plumb_learn::network::{Network as _, Pass};
use plumb_learn::parameters::{Array, Arrays, host};
use plumb_learn::pretrained::{FAMILIES, HeadOf, PretrainedError, PublishedEncoder, adopt_encoder, turned};
use plumb_ledger::Seed;
use serde::Deserialize;

use crate::formula::uniform;
use crate::made_up;

#[derive(Deserialize)]
struct Golden {
    classes: usize,
    texts: Vec<Vec<u32>>,
    cases: Vec<Case>,
    recurrent: OfRecurrent,
}

#[derive(Deserialize)]
struct OfRecurrent {
    lengths: Vec<usize>,
    width: usize,
    units: usize,
    cases: Vec<RecurrentCase>,
}

#[derive(Deserialize)]
struct RecurrentCase {
    cell: CellKind,
    states: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    config: serde_json::Value,
    weights: Vec<String>,
    hidden: Vec<Vec<f64>>,
    logits: Option<Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/encoders.json")).unwrap()
}

/// A weight by the oracle's formula.
fn weight(name: &str, shape: Vec<usize>) -> Array {
    let value = |u: f64| match *shape.as_slice() {
        [_, inputs] => u * (6.0 / inputs as f64).sqrt(),
        _ if name.ends_with("weight") => 1.0 + 0.2 * u,
        _ => 0.1 * u,
    };
    let values = uniform(name, shape.iter().product()).map(|u| value(u) as f32).collect();
    Array { shape, values }
}

fn weights(case: &Case) -> Arrays {
    let array = |line: &String| {
        let (name, shape) = line.split_once(':').unwrap();
        let shape: Vec<usize> = shape.split('x').map(|side| side.parse().unwrap()).collect();
        (name.to_owned(), weight(name, shape))
    };
    Arrays(case.weights.iter().map(array).collect())
}

fn encoder(case: &Case) -> PublishedEncoder {
    let tokenizer = train(&["ab ab", "ab ab"], Pieces::Wordpiece, 300).unwrap();
    PublishedEncoder::read(&case.config.to_string(), tokenizer.to_json()).unwrap()
}

fn network(of: &PublishedEncoder, classes: usize) -> TextNetwork {
    let text = TextInput { vocabulary: of.vocabulary, length: 16 };
    let inputs = Inputs { text: Some(text), ..Inputs::default() };
    TextNetwork::new(&of.network(Pooling::Cls), &inputs, classes, Seed(0).stream("init"), &Device::flex())
}

/// The texts as one batch: shorter ones are filled up.
fn batch(golden: &Golden, padding: u32) -> Batch {
    let mut texts: PreparedTexts = golden.texts.iter().cloned().collect();
    texts.padding = padding;
    let prepared = Prepared { texts: Some(texts), ..made_up::empty(golden.texts.len()) };
    Batch::gather(&prepared, &[0, 1, 2], &Device::flex())
}

fn assert_near(found: &[f32], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((f64::from(*found) - wanted).abs() < 1e-4, "{what}: {found} for {wanted}");
    }
}

#[test]
fn weights_load_strictly_and_give_the_same_hidden_states_and_logits() {
    let golden = golden();
    assert_eq!(golden.cases.len(), FAMILIES.len());
    for case in &golden.cases {
        let of = encoder(case);
        let name = of.family.name;
        let head = if case.logits.is_some() { HeadOf::Weights } else { HeadOf::Network };
        let network = adopt_encoder(network(&of, golden.classes), &of, &weights(case), head, 0).unwrap();
        // What fills up is told by the lengths alone: a real token may stand there.
        for padding in [0, 1, 30] {
            let batch = batch(&golden, padding);
            let tokens = batch.tokens.as_ref().unwrap();
            let states = host(network.encoder.forward(tokens, &mut Pass::inference()));
            let each = states.len() / golden.texts.len();
            for (states, wanted) in states.chunks(each).zip(&case.hidden) {
                assert_near(&states[..wanted.len()], wanted, name);
            }
            if let Some(wanted) = &case.logits {
                assert_near(&host(network.forward(&batch, &mut Pass::inference())), wanted, name);
            }
        }
    }
}

#[test]
fn stored_weights_have_the_names_and_the_layout_that_they_came_with() {
    let golden = golden();
    for case in golden.cases.iter().filter(|case| case.logits.is_some()) {
        let of = encoder(case);
        let published = weights(case);
        let network =
            adopt_encoder(network(&of, golden.classes), &of, &published, HeadOf::Weights, 0).unwrap();
        assert_eq!(of.family.to_published(&Arrays::of(&network)), published, "{}", of.family.name);
    }
}

#[test]
fn last_layers_can_begin_anew() {
    let golden = golden();
    let case = &golden.cases[0];
    let of = encoder(case);
    let start = Arrays::of(&network(&of, 2));
    let adopted = adopt_encoder(network(&of, 2), &of, &weights(case), HeadOf::Network, 1).unwrap();
    let adopted = Arrays::of(&adopted);
    let same = |name: &str| start.0[name] == adopted.0[name];
    assert!(!same("encoder.layers.0.in_proj.weight") && same("encoder.layers.1.in_proj.weight"));
    assert!(!same("encoder.words") && same("classifier.weight"));
}

/// What is said of BERT's weights after a change.
fn misfit(change: impl FnOnce(&mut BTreeMap<String, Array>)) -> Result<(), String> {
    let golden = golden();
    let case = &golden.cases[0];
    let of = encoder(case);
    let mut weights = weights(case);
    change(&mut weights.0);
    match adopt_encoder(network(&of, golden.classes), &of, &weights, HeadOf::Network, 0) {
        Ok(_) => Ok(()),
        Err(PretrainedError::Misfit { misfit, .. }) => Err(misfit),
        Err(other) => Err(format!("{other:?}")),
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let key = "bert.encoder.layer.1.attention.self.key.weight";
    assert_eq!(misfit(|_| ()), Ok(()));
    // Older files name the values of a norm otherwise; heads of other tasks may be there.
    let renamed = |weights: &mut BTreeMap<String, Array>| {
        let gamma = weights.remove("bert.embeddings.LayerNorm.weight").unwrap();
        weights.insert("cls.predictions.bias".to_owned(), gamma.clone());
        weights.insert("bert.embeddings.LayerNorm.gamma".to_owned(), gamma);
    };
    assert_eq!(misfit(renamed), Ok(()));
    let missing = "missing: encoder.layer.1.attention.self.key.weight";
    assert_eq!(misfit(|weights| drop(weights.remove(key))), Err(missing.to_owned()));
    let short = misfit(|weights| weights.get_mut(key).unwrap().shape = vec![8, 32]);
    assert_eq!(
        short,
        Err("of other extents: encoder.layers.1.in_proj.weight, which wants [16, 48]".to_owned())
    );
    let array = Array { shape: vec![1], values: vec![0.0] };
    let more = misfit(|weights| drop(weights.insert("bert.encoder.layer.2.x".to_owned(), array)));
    assert_eq!(more, Err("unexpected: encoder.layer.2.x".to_owned()));
}

#[test]
fn recurrent_layers_are_pytorchs_whatever_fills_up() {
    let golden = golden().recurrent;
    let (width, units, device) = (golden.width, golden.units, Device::flex());
    for case in &golden.cases {
        let config = RecurrentConfig { cell: case.cell, units, layers: 2, dropout: 0.0, norm: false };
        let layers = Recurrent::new(&config, width, Seed(0).stream("init"), &device);
        let gates = if case.cell == CellKind::Lstm { 4 * units } else { 3 * units };
        let mut arrays = BTreeMap::new();
        for (layer, inputs) in [(0, width), (1, 2 * units)] {
            for (way, suffix) in [("ahead", ""), ("back", "_reverse")] {
                for (ours, theirs, inputs) in [("input", "ih", inputs), ("state", "hh", units)] {
                    let name = |kind: &str| format!("{kind}_{theirs}_l{layer}{suffix}");
                    let own = |kind: &str| format!("layers.{layer}.{way}.{ours}.{kind}");
                    arrays.insert(own("weight"), weight(&name("weight"), vec![gates, inputs]));
                    arrays.insert(own("bias"), weight(&name("bias"), vec![gates]));
                }
            }
        }
        let layers = turned(Arrays(arrays)).load(layers).unwrap();
        let longest = golden.lengths.iter().copied().max().unwrap();
        let count = golden.lengths.len() * longest * width;
        let vectors: Vec<f32> = uniform("vectors", count).map(|u| u as f32).collect();
        let vectors =
            Tensor::<3>::from_data(TensorData::new(vectors, [golden.lengths.len(), longest, width]), &device);
        let states = host(layers.forward(vectors, &golden.lengths.clone().into(), &mut Pass::inference()));
        for (row, &length) in golden.lengths.iter().enumerate() {
            let of = |row: usize| row * longest * 2 * units..(row * longest + length) * 2 * units;
            assert_near(&states[of(row)], &case.states[of(row)], &format!("{:?}", case.cell));
        }
    }
}
