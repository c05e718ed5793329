//! What does each column add?

use plumb_data::{Column, Kind};
use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::describe::{deviation, mean};
use serde_json::{Value, json};

use super::NOTHING_JUDGED;
use super::changed_rows::{predict, taken};
use crate::{EvaluateContext, EvaluateError};

/// Standard errors on each side of a 95 % interval.
const NORMAL: f64 = 1.96;
/// Rows looked at; fewer where a network has pictures or texts to look through.
const ROWS: usize = 2_000;
const SLOW_ROWS: usize = 300;
/// Rows times columns looked at.
const WORK: usize = 100_000;
/// Columns that are exchanged, each of which copies all others; of wider tables pictures and texts alone.
const MOST_COLUMNS: usize = 100;
/// Columns shown, the largest share first.
const SHOWN: usize = 50;

pub(super) const PAGE: Page = Page {
    id: "explain.column-shares",
    question: "Does every picture and text that the model takes in add anything?",
    why: "Pictures and texts cost most of the time of training and of every prediction. One that adds nothing can go; one that alone \
          carries the model is what must never be missing.",
    evidence: "How much the mean error of the judged rows grows (wrong classes, or absolute residuals; 2,000 rows, 300 with pictures or \
               texts) when the values of one column are exchanged among the rows, with its 95 % interval by the normal approximation \
               of the mean difference row by row.",
    thresholds: &[Threshold {
        name: "growth of the error above which a column adds something",
        value: 0.0,
        reason: "the lower end of the interval decides: what chance exchanges do not change is not used",
    }],
    false_alarms: "Two columns that say the same: each can be exchanged without harm, both cannot.",
    remedy: "Leave the column out (`data.kinds.COLUMN = \"ignore\"`) and see whether the score stays, or train longer: the encoder \
             of the column may not have learned yet.",
    sources: &[
        Source::Paper("Breiman, Random Forests (2001)"),
        Source::Paper("Fisher, Rudin, Dominici, All Models Are Wrong (2019)"),
    ],
};

/// What exchanging a column's values costs.
struct Share<'a> {
    column: &'a Column,
    growth: f64,
    low: f64,
    high: f64,
}

impl Share<'_> {
    fn fact(&self) -> Value {
        json!({
            "column": self.column.name,
            "kind": self.column.kind.as_str(),
            "error_growth": self.growth,
            "low": self.low,
            "high": self.high,
        })
    }
}

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let subject = &context.subject;
    let target = Some(subject.target.name.as_str());
    let mut columns: Vec<&Column> = subject.table.inputs(target).chain(subject.table.texts(target)).collect();
    let all = columns.len();
    if columns.len() < 2 {
        return Judgement::skipped("there is one column, which adds all there is");
    }
    let is_slow = |column: &&Column| matches!(column.kind, Kind::Image | Kind::Text);
    if all > MOST_COLUMNS {
        columns.retain(is_slow);
    }
    if columns.is_empty() {
        return Judgement::skipped(format!("{all} columns are too many to exchange one by one"));
    }
    let most = if columns.iter().any(is_slow) { SLOW_ROWS } else { ROWS.min(WORK / columns.len()).max(1) };
    let step = part.scored.len().div_ceil(most).max(1);
    let rows: Vec<u32> = part.scored.rows.iter().copied().step_by(step).collect();
    let shares: Result<Vec<Share<'_>>, EvaluateError> = shares(context, &columns, &rows);
    let mut shares = match shares {
        Ok(shares) => shares,
        Err(error) => return Judgement::skipped(format!("the model cannot predict changed rows: {error}")),
    };
    shares.sort_by(|a, b| b.growth.total_cmp(&a.growth));
    let idle: Vec<&str> = shares
        .iter()
        .filter(|share| is_slow(&share.column) && share.low <= 0.0)
        .map(|share| share.column.name.as_str())
        .collect();
    let summary = shares.iter().take(3).map(|share| format!("`{}` {:+.3}", share.column.name, share.growth));
    let summary = format!("the error without it: {}", summary.collect::<Vec<_>>().join(", "));
    let judged = match idle.first() {
        Some(name) => Judgement::warn(format!("`{name}` adds nothing that can be seen; {summary}")),
        None => Judgement::pass(summary),
    };
    judged
        .with("rows", rows.len())
        .with("columns", shares.iter().take(SHOWN).map(Share::fact).collect::<Vec<_>>())
}

fn shares<'a>(
    context: &EvaluateContext<'_>,
    columns: &[&'a Column],
    rows: &[u32],
) -> Result<Vec<Share<'a>>, EvaluateError> {
    let table = context.subject.table;
    let as_they_are = |column: &Column| taken(column, rows, |_| true);
    let clean = predict(context, rows, table.columns().iter().map(as_they_are).collect())?.errors();
    let order = context.config.seed.stream("column shares").permutation(rows.len());
    let exchanged: Vec<u32> = order.iter().map(|&place| rows[place as usize]).collect();
    let share = |column: &&'a Column| {
        let others = |other: &Column| {
            if other.name == column.name { taken(other, &exchanged, |_| true) } else { as_they_are(other) }
        };
        let errors = predict(context, rows, table.columns().iter().map(others).collect())?.errors();
        let growths: Vec<f64> = errors.iter().zip(&clean).map(|(error, clean)| error - clean).collect();
        let growth = mean(&growths).unwrap_or(0.0);
        let margin = NORMAL * deviation(&growths).unwrap_or(0.0) / (growths.len().max(1) as f64).sqrt();
        Ok(Share { column, growth, low: growth - margin, high: growth + margin })
    };
    columns.iter().map(share).collect()
}
