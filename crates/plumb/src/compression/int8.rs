//! Products in 8 bits, or weights in fewer: calibrated on train rows, chosen on valid rows.

use std::collections::{BTreeMap, BTreeSet};

use plumb_data::Predictor as _;
use plumb_evaluate::Scored;
use plumb_evaluate::compress::LayerCost;
use plumb_learn::compress::{Rounding, Tuning, tuned};
use plumb_learn::train::TrainData;
use plumb_ledger::Seed;
use plumb_onnx::{Calibration, OnnxError, OnnxModel, Original, Range, Tensor, Values, Watch, WeightForm};

use super::variant::Variant;
use super::{Int8, Wishes, smaller_network};
use crate::evaluation::Ready;
use crate::fault::Fault;
use crate::predictors::Exported;
use crate::run::{self, Run, files};

/// Train rows that ranges are measured on.
const CALIBRATED: usize = 256;
/// Valid rows that the cost of a layer is measured on.
const COSTED: usize = 128;
/// Valid rows on which it is told how many layers must be left.
const TRIED: usize = 2000;
/// Rows at once.
const AT_ONCE: usize = 32;
/// What a person is told while the network learns to be rounded.
const TRAINING: &str = "training with numbers rounded";
/// What the training's rate is multiplied by meanwhile: the network has only to settle between its codes.
const RATE: f64 = 0.1;
/// Its shuffles are none of those of pruning, whose rounds count from 1.
const ROUND: u64 = 1 << 16;

fn failed(error: &OnnxError) -> Fault {
    Fault::failed(error.to_string())
}

/// The last variant in fewer bits.
pub(super) fn made(
    run: &mut Run,
    ready: &Ready,
    variants: &[Variant],
    wishes: &Wishes<'_>,
) -> Result<Variant, Fault> {
    let of = variants.last().ok_or_else(|| Fault::failed("there is no model"))?;
    let original = Original::read(&of.file).map_err(|error| failed(&error))?;
    let made = match (wishes.int8, wishes.weights) {
        (Some(how), _) => Maker { run, ready, of, original: &original, wishes }.products(how)?,
        (None, Some(form)) => {
            let file = original.with_weights(form).map_err(|error| failed(&error))?;
            let (name, stored) = named(form);
            let made = format!("weights in {name}");
            return Variant::of_file(of, (&of_name(of, &made), made), (stored, file), Vec::new());
        }
        (None, None) => return Err(Fault::failed("nothing is asked for")),
    };
    Ok(made)
}

/// The last variant after some epochs in which its numbers are rounded as they will be in 8 bits.
pub(super) fn trained(
    run: &mut Run,
    ready: &Ready,
    variants: &[Variant],
    wishes: &Wishes<'_>,
) -> Result<Variant, Fault> {
    let of = variants.last().ok_or_else(|| Fault::failed("there is no model"))?;
    let original = Original::read(&of.file).map_err(|error| failed(&error))?;
    let mut maker = Maker { run, ready, of, original: &original, wishes };
    let trial = maker.trial()?;
    let (_, ranges) = maker.ranges(&trial)?;
    let rounding = Rounding::new(&original.inputs(&ranges), &original.meeting(&ranges));
    let layers = of.model.layers_found(&rounding);
    if layers == 0 {
        return Err(Fault::failed("the network has no layer whose rounding a training could feel")
            .hint("`--int8` alone puts its products into 8 bits"));
    }
    let epochs = smaller_network::epochs(run, wishes);
    let how = Tuning { epochs, rate: RATE, round: ROUND };
    let model = run::trained_on(run, &ready.data, &of.model, (TRAINING, epochs), |training| {
        let (data, train, observer, clock) = training;
        tuned(&of.model, how, &TrainData { rounding: Some(&rounding), ..data }, train, observer, clock)
    })?;
    let made = format!(
        "{epochs} epochs in which weights and inputs of {layers} of {} layers were rounded",
        original.layers().len()
    );
    Variant::of_network(&of_name(of, "trained for 8 bits"), made, model)
}

fn named(form: WeightForm) -> (&'static str, &'static str) {
    match form {
        WeightForm::Int8 => ("8 bits", files::INT8),
        WeightForm::Int4 => ("4 bits", files::INT4),
        WeightForm::F16 => ("half precision", files::F16),
        WeightForm::Bf16 => ("brain floating point", files::BF16),
    }
}

/// `8 bits`, or `pruned, 8 bits` behind another step.
fn of_name(of: &Variant, name: &str) -> String {
    if of.made.is_empty() { name.to_owned() } else { format!("{}, {name}", of.name) }
}

struct Maker<'a> {
    run: &'a mut Run,
    ready: &'a Ready,
    of: &'a Variant,
    original: &'a Original,
    wishes: &'a Wishes<'a>,
}

/// Inputs of some rows, in pieces.
type Pieces = Vec<Vec<(String, Tensor)>>;

impl Maker<'_> {
    fn products(&mut self, how: Int8) -> Result<Variant, Fault> {
        let layers = self.original.layers().len();
        if layers == 0 {
            return Err(Fault::failed("the network has no product with weights")
                .hint("`--weights f16` makes its file smaller"));
        }
        let trial = self.trial()?;
        let (calibration, ranges) = match how {
            Int8::Dynamic => (None, None),
            Int8::Static | Int8::Trained => {
                let (calibration, ranges) = self.ranges(&trial)?;
                (Some(calibration), Some(ranges))
            }
        };
        let costs = self.costs(ranges.as_ref(), &trial)?;
        let left = self.left(ranges.as_ref(), &costs)?;
        let file = self.file(ranges.as_ref(), &left)?;
        let way = match calibration {
            Some(calibration) => {
                format!("ranges by {} on {CALIBRATED} train rows at most", calibration.name())
            }
            None => "ranges of each request".to_owned(),
        };
        let made = format!("products in 8 bits, {way}; {} of {layers} layers left as they were", left.len());
        let costs = costs
            .into_iter()
            .map(|(at, cost)| {
                let layer = &self.original.layers()[at];
                LayerCost {
                    layer: layer.name.clone(),
                    weights: layer.weights,
                    cost,
                    left: left.contains(&at),
                }
            })
            .collect();
        Variant::of_file(self.of, (&of_name(self.of, "8 bits"), made), (files::INT8, file), costs)
    }

    fn file(
        &self,
        ranges: Option<&BTreeMap<String, Range>>,
        left: &BTreeSet<usize>,
    ) -> Result<Vec<u8>, Fault> {
        let file = match ranges {
            Some(ranges) => self.original.quantized(ranges, left),
            None => self.original.dynamic(left),
        };
        file.map_err(|error| failed(&error))
    }

    fn pieces(&self, rows: &[u32]) -> Result<Pieces, Fault> {
        let inputs = |rows: &[u32]| self.of.served.inputs(&self.ready.opened.table, rows);
        rows.chunks(AT_ONCE)
            .map(inputs)
            .collect::<Result<_, _>>()
            .map_err(|error| Fault::failed(error.message))
    }

    /// Rows of a part, drawn by the seed, in their order.
    fn drawn(&self, rows: &[u32], most: usize, purpose: &'static str) -> Vec<u32> {
        let mut places = Seed(self.run.job.train.seed).stream(purpose).permutation(rows.len());
        places.truncate(most);
        places.sort_unstable();
        places.iter().map(|&place| rows[place as usize]).collect()
    }

    /// The ranges of all values, by the way of which the answers on valid rows move least.
    fn ranges(&mut self, trial: &Trial) -> Result<(Calibration, BTreeMap<String, Range>), Fault> {
        let parts = &self.ready.parts;
        let rows = if parts.train.is_empty() { &parts.valid } else { &parts.train };
        let pieces = self.pieces(&self.drawn(rows, CALIBRATED, "calibration"))?;
        let names = self.original.watched();
        let shown = OnnxModel::read(self.original.showing(&names)).map_err(|error| failed(&error))?;
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut watch = Watch::default();
        self.run.screen.begin("measuring ranges", 2 * pieces.len() as u64);
        for round in 0..2 {
            for (at, piece) in pieces.iter().enumerate() {
                let values = shown.run_all(piece.clone(), &wanted).map_err(|error| failed(&error))?;
                for (name, found) in names.iter().zip(&values) {
                    let Values::Floats(found) = found.values() else { continue };
                    if round == 0 { watch.widen(name, found) } else { watch.count(name, found) }
                }
                self.run.screen.advance((round * pieces.len() + at + 1) as u64, "pieces");
            }
        }
        self.run.screen.end();
        let candidates = self.wishes.calibration.map_or_else(|| Calibration::ALL.to_vec(), |of| vec![of]);
        let mut best: Option<(f64, Calibration, BTreeMap<String, Range>)> = None;
        for how in candidates {
            let ranges = watch.ranges(how);
            let moved = self.moved(&self.file(Some(&ranges), &BTreeSet::new())?, trial)?;
            if best.as_ref().is_none_or(|(least, ..)| moved < *least) {
                best = Some((moved, how, ranges));
            }
        }
        best.map(|(_, how, ranges)| (how, ranges)).ok_or_else(|| Fault::failed("no range could be measured"))
    }

    /// Valid rows that files are tried on, and what the network's own file says of them.
    fn trial(&self) -> Result<Trial, Fault> {
        let pieces = self.pieces(&self.drawn(self.valid(), COSTED, "compression"))?;
        let truth = answers(&self.of.served, &pieces)?;
        Ok(Trial { pieces, truth, classes: self.of.model.classes().len() })
    }

    /// How far the answers of a file are from those of the network's own.
    fn moved(&self, file: &[u8], trial: &Trial) -> Result<f64, Fault> {
        let model = Exported::new(self.of.model.clone(), file.to_vec()).map_err(|error| failed(&error))?;
        Ok(moved(&trial.truth, &answers(&model, &trial.pieces)?, trial.classes))
    }

    /// Rows that choices are made on: valid, or train where there are none.
    fn valid(&self) -> &[u32] {
        let parts = &self.ready.parts;
        if parts.valid.is_empty() { &parts.train } else { &parts.valid }
    }

    /// What each layer costs by itself, the most costly first.
    fn costs(
        &mut self,
        ranges: Option<&BTreeMap<String, Range>>,
        trial: &Trial,
    ) -> Result<Vec<(usize, f64)>, Fault> {
        let layers = self.original.layers().len();
        let mut costs = Vec::with_capacity(layers);
        self.run.screen.begin("what each layer costs", layers as u64);
        for layer in 0..layers {
            let others: BTreeSet<usize> = (0..layers).filter(|&at| at != layer).collect();
            let file = self.file(ranges, &others)?;
            costs.push((layer, self.moved(&file, trial)?));
            self.run.screen.advance(layer as u64 + 1, &self.original.layers()[layer].name);
        }
        self.run.screen.end();
        costs.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(costs)
    }

    /// The fewest of the most costly layers without which the loss on valid rows is within the budget.
    fn left(
        &mut self,
        ranges: Option<&BTreeMap<String, Range>>,
        costs: &[(usize, f64)],
    ) -> Result<BTreeSet<usize>, Fault> {
        let config = run::evaluate_config(self.run);
        let (table, target) = (&self.ready.opened.table, &self.ready.opened.target);
        let rows = self.drawn(self.valid(), TRIED, "compression");
        let primary = plumb_evaluate::Primary::choose(&config.primary, target, self.valid(), true)?;
        let scored = |predictor: &dyn plumb_data::Predictor| Scored::predict(predictor, table, target, &rows);
        let before = scored(&self.of.model)?;
        let mut count = 0;
        loop {
            let left: BTreeSet<usize> = costs.iter().take(count).map(|(at, _)| *at).collect();
            if count >= costs.len() {
                return Ok(left);
            }
            let file = self.file(ranges, &left)?;
            let model = Exported::new(self.of.model.clone(), file).map_err(|error| failed(&error))?;
            let kept = plumb_evaluate::compress::Kept::new(
                (&before, &scored(&model)?),
                primary.metric,
                self.wishes.budget,
                &config.bootstrap(),
                (table, &[]),
            );
            // Without a value there is nothing to hold it against.
            let Some(kept) = kept else { return Ok(left) };
            self.run.screen.say(&format!(
                "{} of {} layers in 8 bits: {} {:.4} instead of {:.4} on {} valid rows",
                costs.len() - count,
                costs.len(),
                kept.metric,
                kept.after,
                kept.before,
                kept.rows
            ));
            if kept.loss <= kept.allowed {
                return Ok(left);
            }
            count += (count / 2).max(1);
        }
    }
}

/// Rows that files are tried on.
struct Trial {
    pieces: Pieces,
    /// Values row by row.
    truth: Vec<f64>,
    /// How many a row has; 0 of numbers.
    classes: usize,
}

fn answers(model: &Exported, pieces: &Pieces) -> Result<Vec<f64>, Fault> {
    let mut values = Vec::new();
    for piece in pieces {
        values.extend(model.answer(piece.clone()).map_err(|error| Fault::failed(error.message))?);
    }
    Ok(values)
}

/// How far answers move: the mean Kullback-Leibler divergence of probabilities; of numbers the mean square beside their variance.
fn moved(truth: &[f64], found: &[f64], classes: usize) -> f64 {
    const LEAST: f64 = 1e-12;
    let pairs = || truth.iter().zip(found);
    let count = truth.len().max(1) as f64;
    if classes > 0 {
        let rows = (count / classes as f64).max(1.0);
        return pairs().map(|(p, q)| if *p > 0.0 { p * (p / q.max(LEAST)).ln() } else { 0.0 }).sum::<f64>()
            / rows;
    }
    let mean = truth.iter().sum::<f64>() / count;
    let variance = truth.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>() / count / variance.max(LEAST)
}
