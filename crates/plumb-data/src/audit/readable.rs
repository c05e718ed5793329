//! `data.readable`: does every file decode and every label parse?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use crate::read::BadRow;

/// 1 %: beyond stray lines, the file is read in a wrong way or damaged.
const FAIL_SHARE: f64 = 0.01;
/// Bad rows listed in the ledger; all that were listed while reading stand in the run's data profile.
const LISTED: usize = 20;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.readable",
        question: "does every file decode, every row and value parse, and every row have a label?",
        why: "A row that is left out silently changes what is learned, and rows that fail to parse are rarely a random \
              sample: they come from one source, one period, one kind of customer.",
        evidence: "Files and rows read, rows left out (the first 20 with file, line, column and reason), rows without \
                   a label, values that do not fit their column (they count as missing), columns without a value.",
        thresholds: &[Threshold {
            name: "share of rows left out or unlabelled that fails",
            value: FAIL_SHARE,
            reason: "beyond stray lines a file is damaged or read in a wrong way",
        }],
        false_alarms: "Tables in which some rows are meant to have no label, as in semi-supervised work.",
        remedy: "Repair or remove the listed rows, or name another reading of the file under `data` in the job.",
        sources: &[Source::BestPractices, Source::Recipe],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let rows = context.table.rows();
    let bad = context.report.bad_rows_total;
    let labelled = context.target.as_ref().map(|target| target.labelled_rows().len().min(rows));
    let unlabelled = labelled.map_or(0, |labelled| rows - labelled);
    let misfits = context.report.bad_values_total;
    let share = (bad + unlabelled) as f64 / (rows + bad).max(1) as f64;
    let summary = format!(
        "{rows} rows read, {bad} left out, {unlabelled} without a label, {misfits} values that do not fit their column"
    );
    let judged = if rows == 0 {
        Judgement::fail("the table has no rows")
    } else if labelled == Some(0) {
        Judgement::fail(format!("none of {rows} rows has a label"))
    } else if share >= FAIL_SHARE {
        Judgement::fail(summary)
    } else if bad + unlabelled + misfits > 0 {
        Judgement::warn(summary)
    } else {
        Judgement::pass(summary)
    };
    let empty =
        context.columns().filter(|(_, facts)| facts.present == 0).map(|(column, _)| column.name.as_str());
    judged
        .with("files", context.report.files.len())
        .with("rows", rows)
        .with("columns", context.table.columns().len())
        .with("rows_left_out", bad)
        .with("first_rows_left_out", listed(&context.report.bad_rows))
        .with("values_that_do_not_fit", misfits)
        .with("first_values_that_do_not_fit", listed(&context.report.bad_values))
        .with("rows_without_label", unlabelled)
        .with("columns_without_value", empty.collect::<Vec<_>>())
}

fn listed(rows: &[BadRow]) -> Vec<Evidence> {
    let entry = |row: &BadRow| {
        let fields = [
            ("file", row.path.display().to_string().into()),
            ("line", row.line.into()),
            ("column", row.column.clone().into()),
            ("reason", row.reason.clone().into()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    };
    rows.iter().take(LISTED).map(entry).collect()
}
