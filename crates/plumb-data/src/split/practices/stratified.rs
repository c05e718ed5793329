//! split.stratified: does every part have each class by its share?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use serde_json::{Value, json};

use super::SplitContext;
use crate::Labels;
use crate::split::{Part, SplitMethod};

/// Rows a class may be off its share.
const ROWS: f64 = 1.0;
/// Standard errors of chance.
const CHANCE: f64 = 4.0;
/// Where a part's share of a class is another problem than the whole's.
const RATIO: f64 = 0.5;

const PAGE: Page = Page {
    id: "split.stratified",
    question: "Does every part have each class by its share?",
    why: "A class that is rare or absent in a part makes its metrics noise: the part no longer measures the task.",
    evidence: "For each class and part, the rows it has against its share of the part; the largest difference.",
    thresholds: &[
        Threshold { name: "rows off the share", value: ROWS, reason: "what rounding to whole rows costs" },
        Threshold {
            name: "standard errors of chance",
            value: CHANCE,
            reason: "a split by groups, time or a column cannot be exact; beyond 4 it is no accident",
        },
        Threshold {
            name: "relative difference that fails",
            value: RATIO,
            reason: "a class at half or one and a half times its share is another task",
        },
    ],
    false_alarms: "By time, class shares may truly change; that is worth knowing, not a fault of the split.",
    remedy: "set `split.method = \"stratified\"`; with groups, name a `split.column` with more and smaller groups",
    sources: &[Source::BestPractices],
};

pub(super) const PRACTICE: Practice<SplitContext> = Practice { page: PAGE, judge };

/// The class and part that are furthest from their share.
struct Worst {
    class: usize,
    part: Part,
    rows: f64,
    expected: f64,
    off: f64,
    /// What chance alone gives, when whole rows are drawn one by one.
    error: f64,
}

fn judge(context: &SplitContext) -> Judgement {
    let Labels::Classes(codes) = &context.target.labels else {
        return Judgement::skipped("the target is a number, it has no classes to stratify by");
    };
    let classes = context.target.classes.len();
    let mut counts = [const { Vec::<f64>::new() }; 3].map(|_| vec![0.0; classes]);
    for (row, part) in context.used() {
        let place = Part::USED.iter().position(|&used| used == part);
        let code = codes.get(row).copied().flatten().map(|code| code as usize);
        if let (Some(place), Some(code)) = (place, code.filter(|&code| code < classes)) {
            counts[place][code] += 1.0;
        }
    }
    let Some(worst) = worst(context, &counts) else {
        return Judgement::skipped("no part has a labelled row");
    };
    let name = &context.target.classes[worst.class];
    let summary = format!(
        "class `{name}` has {} rows in {}, its share is {:.1}",
        worst.rows,
        worst.part.as_str(),
        worst.expected
    );
    verdict(context, &worst, summary)
        .with("class", name.as_str())
        .with("part", worst.part.as_str())
        .with("rows", worst.rows)
        .with("expected", worst.expected)
        .with("counts", table_of(context, &counts))
}

fn verdict(context: &SplitContext, worst: &Worst, summary: String) -> Judgement {
    if worst.off <= ROWS {
        return Judgement::pass("every class is within one row of its share in every part");
    }
    let by_chance = worst.off <= CHANCE * worst.error.max(1.0);
    let free = matches!(context.config.method, SplitMethod::Auto | SplitMethod::Stratified);
    if by_chance && context.config.method.needs_column() {
        Judgement::pass(format!("{summary}: no more than chance for a split by {}", method(context)))
    } else if !free && !by_chance && worst.off > RATIO * worst.expected {
        Judgement::fail(summary)
    } else {
        Judgement::warn(summary)
    }
}

fn method(context: &SplitContext) -> &'static str {
    context.config.method.as_str()
}

/// The largest difference to the share, counted by the parts' sizes or by the job's shares, whichever is nearer:
/// a part may itself be off its share by rounding.
fn worst(context: &SplitContext, counts: &[Vec<f64>; 3]) -> Option<Worst> {
    let sizes = counts.each_ref().map(|counts| counts.iter().sum::<f64>());
    let all: f64 = sizes.iter().sum();
    let shares = context.config.shares();
    let by_column = context.config.method.needs_column();
    let mut worst: Option<Worst> = None;
    for (place, part) in Part::USED.into_iter().enumerate().filter(|&(place, _)| sizes[place] > 0.0) {
        for class in 0..context.target.classes.len() {
            let total: f64 = counts.iter().map(|counts| counts[class]).sum();
            let rows = counts[place][class];
            let expected = total * sizes[place] / all;
            let off = (rows - expected).abs();
            let off = if by_column { off } else { off.min((rows - total * shares[place]).abs()) };
            let error = (expected * (1.0 - total / all) * (1.0 - sizes[place] / all)).sqrt();
            if worst.as_ref().is_none_or(|worst| rank(off, expected) > rank(worst.off, worst.expected)) {
                worst = Some(Worst { class, part, rows, expected, off, error });
            }
        }
    }
    worst
}

/// Differences beyond rounding come first, among them the largest relative one.
fn rank(off: f64, expected: f64) -> (bool, f64) {
    (off > ROWS, off / expected.max(1.0))
}

/// Rows of each class by part, the first classes of many.
fn table_of(context: &SplitContext, counts: &[Vec<f64>; 3]) -> Evidence {
    let classes = context.target.classes.iter().take(super::LISTED).enumerate();
    let row = |class: usize| -> Value {
        json!({ "train": counts[0][class], "valid": counts[1][class], "test": counts[2][class] })
    };
    classes.map(|(class, name)| (name.clone(), row(class))).collect()
}
