//! Do the values sum to what they explain?

use plumb_ledger::{Judgement, Page, Source, Threshold};

use super::{ExplainContext, NO_COLUMNS};
use crate::explain::Additivity;

/// Of the largest difference.
const GAP: f64 = 1e-6;
const OF_GRADIENTS: f64 = 0.01;
/// Standard errors.
const ERRORS: f64 = 6.0;
/// Of the mean size of the differences.
const OF_DRAWS: f64 = 0.1;

pub(super) const PAGE: Page = Page {
    id: "explain.additive",
    question: "Do the values of all columns sum to the difference of the prediction and the baseline's?",
    why: "Shapley values share out exactly the difference of the prediction and the mean prediction, gradients that to what the model says at \
          the start of their lines. Where they do not, something was left out and the picture is wrong.",
    evidence: "The largest distance over all rows and outputs between the sum and the difference, for which the model is asked once more; beside the \
               largest difference. Of expected gradients, whose points are drawn, also beside the standard error of each sum, and the root mean \
               square of the distances beside that of the differences.",
    thresholds: &[
        Threshold {
            name: "distance over the largest difference",
            value: GAP,
            reason: "rounding in 64 bits stays far below; a model that answers differently when it is asked again does not",
        },
        Threshold {
            name: "the same of gradients, beside chance",
            value: OF_GRADIENTS,
            reason: "a sum over steps misses an integral by a little where the network bends, and gradients are of 32 bits: a hundredth changes no reading",
        },
        Threshold {
            name: "distance of expected gradients, in standard errors",
            value: ERRORS,
            reason: "errors from eight rounds have long tails: of a thousand sums about one is beyond by chance",
        },
        Threshold {
            name: "their distances over the differences",
            value: OF_DRAWS,
            reason: "above, a tenth of what is shared out is chance: more draws are needed",
        },
    ],
    false_alarms: "None is known of Shapley values: they are additive by construction as long as the model repeats its answers.",
    remedy: "ask the model twice about the same rows: dropout or sampling that is still on while it predicts must be turned off; for gradients raise `--budget`",
    sources: &[
        Source::BestPractices,
        Source::Paper("Lundberg, Lee, A Unified Approach to Interpreting Model Predictions (2017)"),
        Source::Paper("Sundararajan, Taly, Yan, Axiomatic Attribution for Deep Networks (2017)"),
        Source::Paper(
            "Erion et al., Improving Performance of Deep Learning Models with Axiomatic Attribution Priors (2021)",
        ),
    ],
};

pub(super) fn judge(context: &ExplainContext) -> Judgement {
    let Some((values, told)) = &context.values else { return Judgement::skipped(NO_COLUMNS) };
    let difference = |(at, answer): (usize, &f64)| (answer - told.base[at % values.width]).abs();
    let differences: Vec<f64> = told.answers.iter().enumerate().map(difference).collect();
    let gaps = values.additivity_gaps(told);
    let (largest, gap) = (most(&differences), most(&gaps));
    let share = root_mean_square(&gaps) / root_mean_square(&differences).max(f64::MIN_POSITIVE);
    let tolerance = if values.additivity == Additivity::Exact { GAP } else { OF_GRADIENTS };
    let slack = (tolerance * largest).max(1e-12);
    // A distance that chance does not explain, or too much chance.
    let (is_wrong, is_rough) = match &values.additivity {
        Additivity::Exact | Additivity::Steps => (gap > slack, false),
        Additivity::Drawn(errors) => {
            let beyond = |(gap, error): (&f64, &f64)| *gap > slack + ERRORS * error;
            (gaps.iter().zip(errors).any(beyond), share > OF_DRAWS)
        }
    };
    let text = format!("the values of {} rows sum to what they explain up to {gap:.1e}", values.rows.len());
    let judgement = if is_wrong || gap.is_nan() {
        Judgement::fail(format!(
            "the values miss what they explain by {gap:.1e}, of differences up to {largest:.1e}"
        ))
    } else if is_rough && gap > slack {
        Judgement::warn(format!(
            "chance is {:.0} % of what the values share out, up to {gap:.1e} of {largest:.1e}",
            100.0 * share
        ))
    } else {
        Judgement::pass(text)
    };
    judgement
        .with("largest_gap", gap)
        .with("largest_difference", largest)
        .with("share_of_the_differences", share)
        .with("rows", values.rows.len())
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}

fn root_mean_square(values: &[f64]) -> f64 {
    (values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64).sqrt()
}
