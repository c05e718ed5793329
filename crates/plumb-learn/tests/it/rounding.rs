//! What a training feels of 8 bits is what the file in 8 bits answers.

use std::collections::{BTreeMap, BTreeSet};

use plumb_data::Predictions;
use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_learn::compress::{Rounding, Tuning, tuned};
use plumb_learn::predict::TrainedModel;
use plumb_learn::train::TrainData;
use plumb_ledger::clock::StoppedClock;
use plumb_onnx::{Calibration, OnnxModel, Original, Range, Tensor, Values, Watch};

use crate::distillation::trained;
use crate::made_up::{Recorder, setup};

type Inputs = Vec<(String, Tensor)>;

/// A model's file with the ranges of these inputs, and what it then says in 8 bits.
struct Quantized {
    original: Original,
    ranges: BTreeMap<String, Range>,
}

impl Quantized {
    fn of(model: &TrainedModel, inputs: &Inputs) -> Self {
        let original = Original::read(&model.to_onnx("test").unwrap()).unwrap();
        let names = original.watched();
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let shown = OnnxModel::read(original.showing(&names)).unwrap();
        let mut watch = Watch::default();
        for (name, found) in names.iter().zip(shown.run_all(inputs.clone(), &wanted).unwrap()) {
            let Values::Floats(found) = found.values() else { continue };
            watch.widen(name, found);
        }
        Self { original, ranges: watch.ranges(Calibration::MinMax) }
    }

    fn answers(&self, inputs: &Inputs, output: &str) -> Vec<f64> {
        let file = self.original.quantized(&self.ranges, &BTreeSet::new()).unwrap();
        let found = OnnxModel::read(file).unwrap().run(inputs.clone(), output).unwrap();
        let Values::Floats(found) = found.values() else { panic!("no numbers") };
        found.iter().map(|&value| f64::from(value)).collect()
    }

    fn rounding(&self) -> Rounding {
        let (inputs, meeting) = (self.original.inputs(&self.ranges), self.original.meeting(&self.ranges));
        Rounding::new(&inputs, &meeting)
    }
}

fn values(of: Predictions) -> (&'static str, Vec<f64>) {
    match of {
        Predictions::Probabilities { values, .. } => ("probabilities", values),
        Predictions::Numbers(values) => ("prediction", values),
    }
}

/// The root of the mean square of the differences.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

/// Holds what a training feels against the file in 8 bits: every layer of the file is one of the network, and the answers with numbers
/// rounded are `share` as far from the file's as the plain answers are, at most.
pub(crate) fn assert_felt(
    model: &TrainedModel,
    prepared: &Prepared,
    inputs: &Inputs,
    (what, share): (&str, f64),
) {
    /// Differences of single precision.
    const NOTHING: f64 = 1e-7;
    let eight = Quantized::of(model, inputs);
    let rounding = eight.rounding();
    assert_eq!(model.layers_found(&rounding), eight.original.layers().len(), "{what}: layers");
    let (output, plain) = values(model.predict_prepared(prepared));
    let (_, felt) = values(model.predict_rounded(prepared, &rounding));
    let found = eight.answers(inputs, output);
    let (off, felt) = (apart(&plain, &found), apart(&felt, &found));
    assert!(felt < (share * off).max(NOTHING), "{what}: {felt:e} instead of {off:e}");
}

/// The mean negative logarithm of the probability of what is so.
fn log_loss(model: &TrainedModel, rows: &Prepared, rounding: &Rounding) -> f64 {
    let Predictions::Probabilities { values, classes } = model.predict_rounded(rows, rounding) else {
        panic!("no probabilities")
    };
    let PreparedLabels::Classes(truth) = &rows.labels else { panic!("no classes") };
    let of = |(row, &class): (&[f64], &u32)| -row[class as usize].max(1e-12).ln();
    values.chunks_exact(classes).zip(truth).map(of).sum::<f64>() / truth.len() as f64
}

#[test]
fn a_network_learns_to_live_with_few_codes() {
    for preset in ["mlp", "realmlp", "resnet14"] {
        let setup = setup(preset, 4);
        let model = trained(&setup);
        // Steps of a quarter to a half where values are about 1: harsher than any range that is measured.
        let wide = Range { low: -48.0, high: 48.0 };
        let inner = |name: &&String| name.ends_with("linear.weight") || name.contains("conv");
        let weights = model.weights();
        let ranges: BTreeMap<String, Range> =
            weights.0.keys().filter(inner).map(|name| (name.clone(), wide)).collect();
        let rounding = Rounding::new(&ranges, &BTreeMap::new());
        assert_eq!(model.layers_found(&rounding), ranges.len(), "{preset}");
        let data = TrainData { rounding: Some(&rounding), ..setup.data() };
        let how = Tuning { epochs: 4, rate: 0.5, round: 1 };
        let learn = || {
            tuned(&model, how, &data, &setup.config, &mut Recorder::default(), &StoppedClock::default())
                .unwrap()
        };
        let (before, learned) = (log_loss(&model, &setup.train, &rounding), learn());
        let after = log_loss(&learned, &setup.train, &rounding);
        assert!(after < before, "{preset}: {after} instead of {before}");
        assert_eq!(learned.weights(), learn().weights(), "{preset}: twice the same");
    }
}
