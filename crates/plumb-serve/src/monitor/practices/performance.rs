//! operate.performance: are answers as good as the model was measured to be?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::p;
use crate::monitor::figures::{Estimate, Figures, Quality, Window};
use crate::monitor::quality::{LEAST_LABELLED, WORSE};

const PAGE: Page = Page {
    id: "operate.performance",
    question: "Are answers as good as the model was measured to be?",
    why: "What a model is for is the quality of its answers on today's rows. Inputs may drift without harm, and may stay while what follows \
          from them changes; only labels tell.",
    evidence: "Labels that came, joined to logged rows by the names of rows; one that comes twice counts as it came last. In each window the \
               primary metric with its interval beside that of the part that the model was judged on, as two samples (unpaired bootstrap). \
               Worse is what is sure at the level of the look and a loss that counts. The newest window with labels decides. Before labels come: what the metric is \
               expected to be where probabilities are calibrated (confidence-based estimation), which is checked on the reference sample. It \
               assumes that labels follow from rows as before: a change of that is seen by labels alone.",
    thresholds: &[
        Threshold {
            name: "loss",
            value: WORSE,
            reason: "a share of the recorded metric: smaller ones are within what retraining gives",
        },
        Threshold {
            name: "labelled rows of a window",
            value: LEAST_LABELLED as f64,
            reason: "an interval of fewer says nothing",
        },
    ],
    false_alarms: "Labels that come first may be of rows that are unlike the others: the sick are tested sooner. A model that was judged on few \
                   rows has a wide interval of its own, which the comparison knows.",
    remedy: "find out which rows lost (`plumb evaluate` on labelled rows), then `plumb retrain` with them; until then the model before may be better",
    sources: &[
        Source::TestScore,
        Source::Paper(
            "Garg et al., Leveraging Unlabeled Data to Predict Out-of-Distribution Performance (2022)",
        ),
    ],
};

pub(super) const PRACTICE: Practice<Figures> = Practice { page: PAGE, judge };

fn judge(figures: &Figures) -> Judgement {
    let measured = |window: &'_ Window| window.quality.clone().map(|quality| (window.name.clone(), quality));
    let all: Vec<(String, Quality)> = figures.windows.iter().filter_map(measured).collect();
    let judged = match all.last() {
        Some((window, quality)) => {
            by_labels(figures, window, quality, all.iter().filter(|(_, q)| q.worse).count())
        }
        None => by_expectation(figures),
    };
    match &figures.labels {
        Some(labels) => judged
            .with("labels", labels.rows)
            .with("repeated", labels.repeated)
            .with("unusable", labels.unusable)
            .with("not_in_log", labels.unmatched)
            .with("labelled_rows", labels.labelled),
        None => judged,
    }
}

fn by_labels(figures: &Figures, window: &str, of: &Quality, worse: usize) -> Judgement {
    let metric = &figures.metric;
    let figure = format!(
        "{metric} {:.4} ({:.4} to {:.4}) on {} labelled rows of `{window}`, recorded {:.4}",
        of.value, of.low, of.high, of.labelled, of.reference
    );
    let judged = if of.worse {
        Judgement::fail(format!("worse by {:.0} %: {figure}, {}", 100.0 * of.worse_by, p(of.p)))
    } else if worse > 0 {
        Judgement::warn(format!("as good as recorded again, {worse} earlier windows were worse: {figure}"))
    } else {
        Judgement::pass(format!("as good as recorded: {figure}"))
    };
    judged
        .with("window", window)
        .with("value", of.value)
        .with("low", of.low)
        .with("high", of.high)
        .with("recorded", of.reference)
        .with("worse_by", of.worse_by)
        .with("p", of.p)
        .with("level", of.level)
}

fn by_expectation(figures: &Figures) -> Judgement {
    let newest = figures.windows.iter().rev().find(|window| window.skipped.is_none());
    let Some(window) = newest else {
        return Judgement::skipped("no window is complete, and no label has come");
    };
    let Some(of) = &window.estimate else {
        return Judgement::skipped(format!(
            "no label has come (fewer than {LEAST_LABELLED} in every window), and {} cannot be expected from the answers alone",
            figures.metric
        ));
    };
    if !of.trusted {
        return Judgement::skipped(format!(
            "no label has come, and probabilities are not calibrated: on the reference sample {} is {:.4} and was expected to be {:.4}",
            figures.metric, of.measured, of.reference
        ));
    }
    let figure = expected(&figures.metric, window, of);
    // Both ends of the interval must be beyond what is expected of the reference.
    let is_apart = of.high < of.reference || of.low > of.reference;
    let judged = if of.worse_by >= WORSE && is_apart {
        Judgement::warn(format!("expected to be worse by {:.0} %: {figure}", 100.0 * of.worse_by))
    } else {
        Judgement::pass(format!("expected to be as good as recorded: {figure}"))
    };
    judged
        .with("window", window.name.as_str())
        .with("expected", of.value)
        .with("low", of.low)
        .with("high", of.high)
        .with("expected_of_reference", of.reference)
        .with("measured_on_reference", of.measured)
        .with("worse_by", of.worse_by)
        .with("assumes", "calibrated probabilities, and labels that follow from rows as before")
}

fn expected(metric: &str, window: &Window, of: &Estimate) -> String {
    format!(
        "{metric} {:.4} ({:.4} to {:.4}) in `{}` from the probabilities alone, {:.4} on the reference sample",
        of.value, of.low, of.high, window.name, of.reference
    )
}
