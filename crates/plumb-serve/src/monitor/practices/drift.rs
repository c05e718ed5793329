//! operate.drift: do rows and answers still come from the world that the model was judged in?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use serde_json::json;

use super::p;
use crate::monitor::compare::{DEVIATIONS, DISTANCE, TOLD_APART};
use crate::monitor::figures::{Figures, Of, Series, Window};
use crate::monitor::windows::LEAST_ROWS;

const PAGE: Page = Page {
    id: "operate.drift",
    question: "Do rows and answers still come from the world that the model was judged in?",
    why: "A model is as good as it was measured to be on rows like those that it was measured on. When customers, sensors or seasons \
          change, its figures no longer hold, and no error tells.",
    evidence: "Each window of the log beside the reference sample of the bundle: numbers by Kolmogorov and Smirnov, categories by chi-squared \
               or exactly (one that is new is a level of its own), shares of missing values, what the model says, and what its last layer \
               shows of pictures and texts by a classifier that tries to tell both apart. A series has drifted when it is sure and large: its \
               p-value, corrected by Holm over the series of the window, is under the level of the look, and its effect reaches the threshold. \
               The levels of all looks sum to `--level`, so that asking again and again raises no alarm by itself. The newest window \
               decides; a drift that has gone again is for a person to look at.",
    thresholds: &[
        Threshold {
            name: "wasserstein in deviations",
            value: DEVIATIONS,
            reason: "a tenth of the reference's standard deviation, Evidently's bound",
        },
        Threshold {
            name: "jensen-shannon",
            value: DISTANCE,
            reason: "the distance, base 2, beyond what chance gives; Evidently's bound",
        },
        Threshold {
            name: "chance to tell apart",
            value: TOLD_APART,
            reason: "the area under the curve; one half is guessing",
        },
        Threshold {
            name: "rows of a window",
            value: LEAST_ROWS as f64,
            reason: "with fewer a test finds little",
        },
    ],
    false_alarms: "Seasons, weekdays and campaigns are real and need not hurt: see `operate.performance`. Rows of one client or one hour are \
                   less different than rows at large; windows that span the natural rhythm avoid it. A time column is not compared, for time \
                   goes on.",
    remedy: "look at the series that moved; when the change is real and lasts, `plumb retrain`; when it is a fault, mend its source",
    sources: &[
        Source::TestScore,
        Source::Paper("Rabanser, Günnemann, Lipton, Failing Loudly (2019)"),
        Source::Paper("Tian, Ramdas, Online control of the familywise error rate (2021)"),
    ],
};

pub(super) const PRACTICE: Practice<Figures> = Practice { page: PAGE, judge };

fn judge(figures: &Figures) -> Judgement {
    let judged: Vec<&Window> = figures.windows.iter().filter(|window| window.skipped.is_none()).collect();
    let Some(newest) = judged.last() else {
        let rows = figures.log.rows;
        return Judgement::skipped(format!(
            "no window is complete: the log has {rows} rows, windows are `{}`",
            figures.mode
        ));
    };
    let moved = |window: &Window| window.drift.iter().filter(|series| series.drifted).count();
    let earlier: Vec<&str> = judged
        .iter()
        .rev()
        .skip(1)
        .filter(|window| moved(window) > 0)
        .map(|window| window.name.as_str())
        .collect();
    let all = newest.drift.len();
    let judgement = match (worst(newest), earlier.as_slice()) {
        (Some(worst), _) => Judgement::fail(format!(
            "{} of {all} series moved in `{}`, most {}: {} {:.2}, {}",
            moved(newest),
            newest.name,
            said(worst),
            worst.effect,
            worst.size,
            p(worst.adjusted)
        )),
        (None, [last, ..]) => Judgement::warn(format!(
            "none of {all} series moved in `{}`, but {} earlier windows did, the last `{last}`",
            newest.name,
            earlier.len()
        )),
        (None, []) => Judgement::pass(format!(
            "none of {all} series moved in {} windows, the newest `{}` of {} rows",
            judged.len(),
            newest.name,
            newest.rows
        )),
    };
    let is_small = |series: &&Series| !series.drifted && series.adjusted <= newest.level;
    judgement
        .with("sure_but_small", newest.drift.iter().filter(is_small).map(evidence).collect::<Vec<Evidence>>())
        .with("window", newest.name.as_str())
        .with("mode", figures.mode.as_str())
        .with("look", newest.look)
        .with("level", newest.level)
        .with("windows", judged.len())
        .with("moved_before", earlier.len())
        .with(
            "moved",
            newest.drift.iter().filter(|series| series.drifted).map(evidence).collect::<Vec<Evidence>>(),
        )
}

/// The series that is farthest over its threshold.
fn worst(window: &Window) -> Option<&Series> {
    let over = |series: &&Series| series.size / series.threshold.max(f64::MIN_POSITIVE);
    window.drift.iter().filter(|series| series.drifted).max_by(|a, b| over(a).total_cmp(&over(b)))
}

fn said(series: &Series) -> String {
    match series.of {
        Of::Missing => format!("`{}` (missing)", series.name),
        Of::Values | Of::Prediction | Of::Embedding => format!("`{}`", series.name),
    }
}

fn evidence(series: &Series) -> Evidence {
    let facts = [
        ("series", json!(series.name)),
        ("of", json!(series.of)),
        ("test", json!(series.test)),
        ("p", json!(series.adjusted)),
        ("effect", json!(series.effect)),
        ("size", json!(series.size)),
    ];
    facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
}
