//! Do the probabilities mean what they say?

use plumb_ledger::{Judgement, Page, Source, Stream, Threshold};
use plumb_stats::calibration::{at_temperature, ece, temperature};
use plumb_stats::describe::quantile;
use plumb_stats::isotonic::Isotonic;
use plumb_stats::{Outcome, metric};

use super::NOTHING_JUDGED;
use crate::EvaluateContext;
use crate::scored::{Scored, Truth};

const LARGEST: f64 = 0.05;
const DRAWS: u64 = 200;

pub(super) const PAGE: Page = Page {
    id: "evaluate.calibration",
    question: "Do events given 80 % happen in 80 % of cases?",
    why: "A decision by cost needs probabilities, and networks are often too sure of themselves.",
    evidence: "Expected calibration error (15 bins of equal width) with its interval, the error that a perfectly calibrated model would show on as many rows, and what one temperature, and for two classes an isotonic regression, change on rows that they were not fitted on: fitted on the valid part, or without one on each half of the rows for the other.",
    thresholds: &[
        Threshold {
            name: "expected calibration error",
            value: LARGEST,
            reason: "five points off on average; less seldom changes a decision",
        },
        Threshold {
            name: "draws of labels from the probabilities",
            value: DRAWS as f64,
            reason: "the error is above 0 by chance alone; it must exceed 95 % of what perfect calibration gives",
        },
    ],
    false_alarms: "On few rows the error is large by chance: that is why it is held against perfect calibration as well.",
    remedy: "scale the logits by the temperature in the evidence before the softmax",
    sources: &[
        Source::BestPractices,
        Source::Paper("Guo et al., On Calibration of Modern Neural Networks (2017)"),
        Source::Paper("Vaicenavicius et al., Evaluating model calibration in classification (2019)"),
    ],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    if part.scored.labels_only {
        return Judgement::skipped("only classes are known, no probabilities");
    }
    let Some(error) = part.metric("ece") else {
        return Judgement::skipped("the target is a number");
    };
    let chance = error_of_a_perfect_model(&part.scored, context.config.seed.stream("calibration"));
    let off = error.value > LARGEST && error.value > chance;
    let text = format!(
        "the calibration error is {:.3}; a perfectly calibrated model would stay below {chance:.3} on as many rows",
        error.value
    );
    let judgement = if off { Judgement::warn(text) } else { Judgement::pass(text) };
    let judgement = judgement
        .with("ece", error.value)
        .with("low", error.low.unwrap_or(f64::NAN))
        .with("high", error.high.unwrap_or(f64::NAN))
        .with("ece_of_perfect_calibration_95", chance)
        .with("rows", part.scored.len());
    match repaired(context, &part.scored) {
        Some(repaired) => with_repair(judgement, &repaired, off, error.value),
        None => judgement,
    }
}

/// What a repair does to the judged part, which it was not fitted on.
struct Repaired {
    temperature: f64,
    by_temperature: After,
    /// By isotonic regression; of two classes.
    by_steps: Option<After>,
    log_loss_before: f64,
    fitted_on: &'static str,
}

/// Error and loss after a repair.
#[derive(Clone, Copy)]
struct After {
    ece: f64,
    log_loss: f64,
}

impl After {
    fn of(judged: &Scored, predicted: Vec<f64>) -> Option<Self> {
        let after = Scored { predicted, ..judged.clone() };
        Some(Self { ece: ece(&after.outcome())?, log_loss: log_loss(&after)? })
    }
}

fn log_loss(scored: &Scored) -> Option<f64> {
    metric("log_loss").and_then(|metric| (metric.compute)(&scored.outcome()))
}

/// Fitted on the valid part where there is one beside a test part, else on each half of the judged rows for the other half.
fn repaired(context: &EvaluateContext<'_>, judged: &Scored) -> Option<Repaired> {
    let valid = context.evaluation.test.as_ref().and(context.evaluation.valid.as_ref());
    let every = |from: u32| (from..judged.len() as u32).step_by(2).collect::<Vec<u32>>();
    let (fits, fitted_on) = if let Some(valid) = valid {
        (vec![(valid.scored.clone(), (0..judged.len() as u32).collect())], "the valid part")
    } else {
        let halves = vec![(judged.at(&every(0)), every(1)), (judged.at(&every(1)), every(0))];
        (halves, "the other half of the judged rows")
    };
    let (mut scaled, mut stepped) = (judged.predicted.clone(), judged.predicted.clone());
    let width = judged.width;
    let place_rows = |to: &mut Vec<f64>, places: &[u32], from: &[f64]| {
        for (&place, row) in places.iter().zip(from.chunks_exact(width)) {
            to[place as usize * width..][..width].copy_from_slice(row);
        }
    };
    for (fit, places) in &fits {
        let own = judged.at(places);
        let found = temperature(&fit.outcome())?;
        place_rows(&mut scaled, places, &at_temperature(&own.predicted, width, found.value));
        if let Some(steps) = steps(fit) {
            let rows = own.predicted.chunks_exact(width).flat_map(|row| rising(&steps, row[1]));
            place_rows(&mut stepped, places, &rows.collect::<Vec<_>>());
        }
    }
    let all = valid.map_or(judged, |valid| &valid.scored);
    Some(Repaired {
        temperature: temperature(&all.outcome())?.value,
        by_temperature: After::of(judged, scaled)?,
        by_steps: (width == 2).then(|| After::of(judged, stepped)).flatten(),
        log_loss_before: log_loss(judged)?,
        fitted_on,
    })
}

/// The share of the second of two classes over its probability, never falling.
fn steps(fit: &Scored) -> Option<Isotonic> {
    let Truth::Classes(truth) = &fit.truth else { return None };
    let scores: Vec<f64> =
        fit.predicted.chunks_exact(fit.width).filter_map(|row| row.get(1).copied()).collect();
    let labels: Vec<f64> = truth.iter().map(|&class| f64::from(class)).collect();
    Isotonic::fit(&scores, &labels).filter(|_| fit.width == 2)
}

/// Neither 0 nor 1, which no number of rows can show.
fn rising(steps: &Isotonic, p: f64) -> [f64; 2] {
    const SURE: f64 = 1e-3;
    let p = steps.at(p).clamp(SURE, 1.0 - SURE);
    [1.0 - p, p]
}

fn with_repair(judgement: Judgement, repaired: &Repaired, off: bool, ece_before: f64) -> Judgement {
    let after = repaired.by_temperature;
    let mut judgement = judgement
        .with("fitted_on", repaired.fitted_on)
        .with("temperature", repaired.temperature)
        .with("ece_with_temperature", after.ece)
        .with("log_loss", repaired.log_loss_before)
        .with("log_loss_with_temperature", after.log_loss);
    if let Some(steps) = repaired.by_steps {
        judgement =
            judgement.with("ece_with_isotonic", steps.ece).with("log_loss_with_isotonic", steps.log_loss);
    }
    if !off {
        return judgement;
    }
    let helps = |after: After| after.log_loss < repaired.log_loss_before && after.ece < ece_before;
    let temperature = repaired.temperature;
    judgement.remedy(match repaired.by_steps {
        Some(steps) if helps(steps) && steps.log_loss < after.log_loss && steps.ece < after.ece => {
            format!(
                "pass the probabilities through an isotonic regression: the calibration error falls to {:.3}",
                steps.ece
            )
        }
        _ if helps(after) => {
            format!("divide the logits by {temperature:.3}: the calibration error falls to {:.3}", after.ece)
        }
        _ => format!(
            "a temperature does not help (error {:.3}): train for fewer epochs or with label smoothing",
            after.ece
        ),
    })
}

/// The 95 % quantile of the calibration error when labels are drawn from the probabilities themselves.
fn error_of_a_perfect_model(scored: &Scored, stream: Stream) -> f64 {
    // The quantile hardly changes past this many rows, and the draws stay quick.
    const ROWS: usize = 20_000;
    let step = scored.len().div_ceil(ROWS).max(1);
    let places: Vec<u32> = (0..scored.len() as u32).step_by(step).collect();
    let sample = scored.at(&places);
    let errors = (0..DRAWS).filter_map(|draw| {
        let stream = stream.at(draw);
        let rows = sample.predicted.chunks_exact(sample.width.max(1)).enumerate();
        let truth: Vec<u32> = rows.map(|(row, p)| drawn(p, stream.uniform(row as u64))).collect();
        ece(&Outcome::Classes { truth: &truth, probabilities: &sample.predicted, classes: sample.width })
    });
    let scale = (places.len() as f64 / scored.len().max(1) as f64).sqrt();
    debug_assert!(matches!(scored.truth, Truth::Classes(_)));
    quantile(&errors.collect::<Vec<_>>(), 0.95).map_or(0.0, |error| error * scale)
}

/// The class that the uniform `u` selects.
fn drawn(probabilities: &[f64], u: f64) -> u32 {
    let mut left = u;
    for (class, p) in probabilities.iter().enumerate() {
        left -= p;
        if left < 0.0 {
            return class as u32;
        }
    }
    probabilities.len().saturating_sub(1) as u32
}
