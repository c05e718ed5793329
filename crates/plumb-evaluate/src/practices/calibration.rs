//! Do the probabilities mean what they say?

use plumb_ledger::{Judgement, Page, Source, Stream, Threshold};
use plumb_stats::calibration::{at_temperature, ece, temperature};
use plumb_stats::describe::quantile;
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
    evidence: "Expected calibration error (15 bins of equal width) with its interval, the error that a perfectly calibrated model would show on as many rows, and what one temperature, fitted on the valid part, changes.",
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
    match scaled(context, &part.scored) {
        Some(scaled) => with_temperature(judgement, &scaled, off, error.value),
        None => judgement,
    }
}

/// What a temperature fitted on the valid part does to the judged part.
struct Scaled {
    temperature: f64,
    ece: f64,
    log_loss: f64,
    log_loss_before: f64,
}

/// None when there is no test part: a temperature may not be judged on the rows that it was fitted on.
fn scaled(context: &EvaluateContext<'_>, judged: &Scored) -> Option<Scaled> {
    context.evaluation.test.as_ref()?;
    let fitted = temperature(&context.evaluation.valid.as_ref()?.scored.outcome())?;
    let predicted = at_temperature(&judged.predicted, judged.width, fitted.value);
    let after = Scored { predicted, ..judged.clone() };
    let log_loss =
        |scored: &Scored| metric("log_loss").and_then(|metric| (metric.compute)(&scored.outcome()));
    Some(Scaled {
        temperature: fitted.value,
        ece: ece(&after.outcome())?,
        log_loss: log_loss(&after)?,
        log_loss_before: log_loss(judged)?,
    })
}

fn with_temperature(judgement: Judgement, scaled: &Scaled, off: bool, ece_before: f64) -> Judgement {
    let judgement = judgement
        .with("temperature", scaled.temperature)
        .with("ece_with_temperature", scaled.ece)
        .with("log_loss", scaled.log_loss_before)
        .with("log_loss_with_temperature", scaled.log_loss);
    if !off {
        return judgement;
    }
    let helps = scaled.log_loss < scaled.log_loss_before && scaled.ece < ece_before;
    let (temperature, ece) = (scaled.temperature, scaled.ece);
    judgement.remedy(if helps {
        format!("divide the logits by {temperature:.3}: the calibration error falls to {ece:.3}")
    } else {
        format!(
            "a temperature does not help (error {ece:.3}): train for fewer epochs or with label smoothing"
        )
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
