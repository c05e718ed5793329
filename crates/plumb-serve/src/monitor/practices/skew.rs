//! operate.skew: are serving inputs prepared exactly as training inputs?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use serde_json::json;

use crate::monitor::figures::{Figures, Finding};
use crate::monitor::skew::SHARE;

const PAGE: Page = Page {
    id: "operate.skew",
    question: "Are serving inputs prepared exactly as training inputs?",
    why: "A unit that changed, a field that one client leaves out, a category spelled otherwise, a preparation done again by hand: the model \
          answers all the same, from inputs that it has never seen.",
    evidence: "Logged rows are asked again of the bundle's own model: the answers must be those that were served. In the newest window: \
               categories that the preparation has no code for, values missing where the reference sample misses none (Fisher's exact test), \
               values beyond the extremes of the reference sample (beta-binomial), each corrected by Holm, at the level of the look.",
    thresholds: &[Threshold {
        name: "share of rows",
        value: SHARE,
        reason: "fewer odd rows are for the clients that send them",
    }],
    false_alarms: "A new shop or product is an unseen category and no fault. Sums that grow with time go beyond the extremes. Models of pictures \
                   and texts are logged as what their last layer shows, so their rows are not asked again.",
    remedy: "send raw columns and let the bundle prepare them; compare the client's code with how the training table was made",
    sources: &[
        Source::TestScore,
        Source::Paper("Polyzotis et al., Data Validation for Machine Learning (2019)"),
    ],
};

pub(super) const PRACTICE: Practice<Figures> = Practice { page: PAGE, judge };

fn judge(figures: &Figures) -> Judgement {
    let Some(skew) = &figures.skew else { return Judgement::skipped("no window is complete") };
    let counting: Vec<&Finding> = skew.findings.iter().filter(|finding| finding.counts).collect();
    let differs = skew.replayed.filter(|of| of.difference.is_none_or(|difference| difference > of.tolerance));
    let judged = match (differs, counting.as_slice()) {
        (Some(of), _) => Judgement::fail(match of.difference {
            Some(difference) => format!(
                "the bundle's model differs by {difference:.1e} from what was served, on {} logged rows, over {:.0e}",
                of.rows, of.tolerance
            ),
            None => format!("the bundle's model has no answer to {} logged rows that were answered", of.rows),
        }),
        (None, [first, ..]) => Judgement::fail(format!(
            "`{}` has {} in {:.1} % of {} rows of `{}`{}",
            first.column,
            first.what,
            100.0 * first.share,
            skew.rows,
            skew.window,
            if counting.len() > 1 { format!("; {} more", counting.len() - 1) } else { String::new() }
        )),
        (None, []) => {
            let replayed = skew.replayed.and_then(|of| Some((of.rows, of.difference?))).map_or_else(
                || "logged rows were not asked again".to_owned(),
                |(rows, off)| format!("{rows} logged rows asked again give what was served{}", within(off)),
            );
            Judgement::pass(format!(
                "{} rows of `{}` are as training had them; {replayed}",
                skew.rows, skew.window
            ))
        }
    };
    let found: Vec<Evidence> = skew.findings.iter().map(evidence).collect();
    judged.with("window", skew.window.as_str()).with("level", skew.level).with("found", found)
}

/// How close answers are.
fn within(difference: f64) -> String {
    if difference > 0.0 { format!(" within {difference:.0e}") } else { String::new() }
}

fn evidence(finding: &Finding) -> Evidence {
    let facts = [
        ("column", json!(finding.column)),
        ("what", json!(finding.what)),
        ("rows", json!(finding.rows)),
        ("share", json!(finding.share)),
        ("p", json!(finding.p)),
        ("examples", json!(finding.examples)),
        ("counts", json!(finding.counts)),
    ];
    facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
}
