//! `train.mitigation`: what is done about differences between groups while the network learns.

use std::collections::BTreeMap;

use plumb_data::Table;
use plumb_evaluate::Grouping;
use plumb_learn::train::{Groups, HeldRates, Mitigation};
use plumb_stats::Task;

use crate::fault::Fault;
use crate::job::{Auto, JobFile, Mitigation as Wanted};

/// Holds the job's choice against the data and names its column.
pub(super) fn settle(job: &mut JobFile, task: Task, table: &Table) -> Result<Option<Mitigation>, Fault> {
    let wanted = job.train.mitigation;
    if wanted == Wanted::None {
        return Ok(None);
    }
    let first = job.evaluate.groups.first().cloned().unwrap_or_default();
    let name = job.train.mitigation_column.clone().or(first);
    if name.is_empty() {
        return Err(Fault::usage("`train.mitigation` is set, but no column names groups")
            .hint("name it: `evaluate.groups = [\"sex\"]`, or `train.mitigation_column`"));
    }
    if table.column(&name).is_none() {
        return Err(Fault::usage(format!("`train.mitigation_column`: the data have no column `{name}`"))
            .hint(plumb_ledger::nearest::did_you_mean(
                &name,
                table.columns().iter().map(|of| of.name.as_str()),
            )));
    }
    if job.prepare.mixup > 0.0 || job.prepare.cutmix > 0.0 {
        return Err(Fault::usage(
            "`train.mitigation` beside mixtures of two rows, which belong to no one group",
        )
        .hint("set `prepare.mixup` and `prepare.cutmix` to 0"));
    }
    if !task.is_classification() || (wanted != Wanted::Reweigh && task != Task::Binary) {
        let legal = if task.is_classification() { "`reweigh`" } else { "`none`" };
        return Err(Fault::usage("this `train.mitigation` has no meaning for this target")
            .hint(format!("set `train.mitigation` to {legal}: the others need classes, rates two of them")));
    }
    job.train.mitigation_column = Auto::Value(name);
    Ok(Some(chosen(wanted, job.train.mitigation_slack)))
}

fn chosen(wanted: Wanted, slack: f64) -> Mitigation {
    let hold = |rates| Mitigation::Hold { rates, slack };
    match wanted {
        Wanted::None | Wanted::Reweigh => Mitigation::Reweigh,
        Wanted::SelectionRates => hold(HeldRates::Selection),
        Wanted::TruePositiveRates => hold(HeldRates::TruePositives),
        Wanted::ErrorRates => hold(HeldRates::Errors),
    }
}

/// The groups of the rows; numbers are cut where the train rows say.
pub(super) fn groups(job: &JobFile, table: &Table, train: &[u32], valid: &[u32]) -> Option<Groups> {
    if job.train.mitigation == Wanted::None {
        return None;
    }
    let Auto::Value(name) = &job.train.mitigation_column else { return None };
    let column = table.column(name)?;
    let grouping = Grouping::new(column, train);
    let labels: Vec<Option<String>> = train.iter().map(|&row| grouping.label(row)).collect();
    let mut names: Vec<String> = labels.iter().flatten().cloned().collect();
    names.sort_unstable();
    names.dedup();
    let places: BTreeMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let place = |label: Option<String>| {
        label.and_then(|label| places.get(label.as_str()).copied()).unwrap_or(Groups::NONE)
    };
    let train = labels.into_iter().map(place).collect();
    let valid = valid.iter().map(|&row| place(grouping.label(row))).collect();
    Some(Groups { train, valid, names })
}

/// What was done, for the ledger.
pub(super) fn in_words(job: &JobFile) -> Option<String> {
    let Auto::Value(column) = &job.train.mitigation_column else { return None };
    Some(match job.train.mitigation {
        Wanted::None => return None,
        Wanted::Reweigh => format!("trained with rows weighted by `{column}` and class"),
        Wanted::SelectionRates => format!("trained with the selection rates of `{column}` held together"),
        Wanted::TruePositiveRates => {
            format!("trained with the true positive rates of `{column}` held together")
        }
        Wanted::ErrorRates => format!("trained with the error rates of `{column}` held together"),
    })
}
