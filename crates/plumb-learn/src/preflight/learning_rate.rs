//! `preflight.learning-rate`: how far is the job's rate from the one that the range test finds?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const HIGH: Threshold = Threshold {
    name: "the rate over the suggested one",
    value: 100.0,
    reason: "RealMLP's published rate for numbers is 60 times the valley on a table of 440 rows, and trains well",
};
const LOW: Threshold = Threshold {
    name: "the suggested rate over the job's",
    value: 30.0,
    reason: "published rates lie at most ten below the valley; thirty below only wastes time",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.learning-rate",
        question: "Is the learning rate near the one that a range test finds?",
        why: "The rate is the setting that matters most: too high and nothing is learned, too low and the run is \
              wasted.",
        evidence: "The job's highest rate, the rate that the range test suggests (fastai's valley), and the rate at \
                   which the loss exploded, if it did.",
        thresholds: &[HIGH, LOW],
        false_alarms: "The test is short: schedules that warm up, and large batches, bear higher rates.",
        remedy: "Set `train.lr = \"find\"`, or to the suggested rate.",
        sources: &[
            Source::BestPractices,
            Source::Paper("Smith, Cyclical Learning Rates for Training Neural Networks (2015)"),
        ],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let (Some(rate), Some(curve)) = (context.learning_rate, &context.rate_curve) else {
        return Judgement::skipped("no range test was made");
    };
    let exploded = curve.exploded_at.filter(|exploded| rate >= *exploded);
    let judged = match (exploded, curve.suggestion) {
        (Some(exploded), _) => Judgement::fail(format!(
            "the rate {rate:.2e} is not below {exploded:.2e}, where the loss exploded"
        )),
        (None, None) => {
            return Judgement::skipped("the loss did not fall in the range test").with("rate", rate);
        }
        (None, Some(found)) if rate.is_nan() || rate > HIGH.value * found => Judgement::warn(format!(
            "the rate {rate:.2e} is {:.0} times the suggested {found:.2e}",
            rate / found
        )),
        (None, Some(found)) if rate < found / LOW.value => Judgement::warn(format!(
            "the rate {rate:.2e} is {:.0} times below the suggested {found:.2e}",
            found / rate
        )),
        (None, Some(found)) => {
            Judgement::pass(format!("the rate {rate:.2e} is near the suggested {found:.2e}"))
        }
    };
    judged
        .with("rate", rate)
        .with("suggested", curve.suggestion.unwrap_or(f64::NAN))
        .with("exploded_at", curve.exploded_at.unwrap_or(f64::NAN))
        .with("points", curve.rates.len())
}
