//! split.time-ordered: is test later than valid, and valid later than train?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::SplitContext;
use crate::split::time::column_moments;
use crate::split::{Part, SplitMethod};
use crate::{Column, Kind};

const PAGE: Page = Page {
    id: "split.time-ordered",
    question: "Is test later than valid, and valid later than train?",
    why: "A deployed model predicts the future. One that was trained on what came after its test rows knows trends \
          and events that it will not know then.",
    evidence: "The first and last moment of each part, and how many rows of a part are not later than the last row \
               of the part before. The column is that of a split by time, or the only column of kind `time` under \
               another split but one by group. Disorder fails a split that claims an order (`time`, `column`) and \
               warns on one that ignores it (`random`, `stratified`).",
    thresholds: &[],
    false_alarms: "A time that says nothing about when the row will be predicted, such as a date of birth.",
    remedy: "set `split.method = \"time\"` and `split.column` to the column of times",
    sources: &[Source::BestPractices],
};

pub(super) const PRACTICE: Practice<SplitContext> = Practice { page: PAGE, judge };

fn judge(context: &SplitContext) -> Judgement {
    let Some(column) = time_column(context) else {
        return Judgement::skipped("no column of times is named by `split.column`");
    };
    let rows: Vec<u32> = (0..context.table.rows() as u32).collect();
    let Some(moments) = column_moments(column, &rows) else {
        return Judgement::skipped(format!("column `{}` holds neither times nor numbers", column.name));
    };
    let of_part = |wanted: Part| {
        let rows = context.used().filter(move |&(_, part)| part == wanted);
        rows.map(|(row, _)| row).filter(|&row| !moments[row].is_nan()).collect::<Vec<_>>()
    };
    let parts = Part::USED.map(of_part);
    let mut disordered = 0;
    let mut latest: Option<usize> = None;
    let mut judged = Vec::new();
    for (part, rows) in Part::USED.into_iter().zip(&parts) {
        let early = rows.iter().filter(|&&row| latest.is_some_and(|latest| moments[row] <= moments[latest]));
        disordered += early.count();
        let by_moment = |a: &&usize, b: &&usize| moments[**a].total_cmp(&moments[**b]);
        let (first, last) = (rows.iter().min_by(by_moment), rows.iter().max_by(by_moment));
        latest = latest.into_iter().chain(last.copied()).max_by(|a, b| moments[*a].total_cmp(&moments[*b]));
        if let (Some(&first), Some(&last)) = (first, last) {
            judged.push((part, column.display(first), column.display(last)));
        }
    }
    if judged.len() < 2 {
        return Judgement::skipped(format!("fewer than two parts have a value of column `{}`", column.name));
    }
    let start = if disordered == 0 {
        Judgement::pass(format!("each part is later than the one before, by column `{}`", column.name))
    } else {
        let summary =
            format!("{disordered} rows are not later than the part before, by column `{}`", column.name);
        let claims_order = matches!(context.config.method, SplitMethod::Time | SplitMethod::Column);
        if claims_order { Judgement::fail(summary) } else { Judgement::warn(summary) }
    };
    let start = start.with("column", column.name.as_str()).with("rows_not_later", disordered);
    judged
        .into_iter()
        .fold(start, |judgement, (part, first, last)| judgement.with(part.as_str(), vec![first, last]))
}

/// The column that orders the parts.
fn time_column(context: &SplitContext) -> Option<&Column> {
    match context.config.method {
        SplitMethod::Time => context.table.column(context.config.column.as_deref()?),
        SplitMethod::Group => None,
        _ => {
            let mut times = context.table.columns().iter().filter(|column| column.kind == Kind::Time);
            let only = times.next()?;
            times.next().is_none().then_some(only)
        }
    }
}
