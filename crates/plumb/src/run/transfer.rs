//! What a fine-tuned network is measured beside: itself from nothing, and itself as it was.

use std::collections::BTreeMap;

use plumb_evaluate::{Kept, Scored};
use plumb_learn::pretrained::old_answers;

use super::Run;
use super::pipeline::Setup;
use super::stage_train::{Fit, Which, fit};
use crate::fault::Fault;

/// What was measured; empty for a network that starts from nothing.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// The predictions of the network from nothing on the judged rows.
    pub(crate) scratch: Option<Scored>,
    /// What is left of the old task.
    pub(crate) kept: Option<Kept>,
}

/// Pictures seen times pixels of each, up to which training from nothing takes minutes: 16,000 of 128 by 128.
const MINUTES: u64 = 16_000 * 128 * 128;
/// Pictures that the old task is asked about.
const ASKED: usize = 200;

/// Trains from nothing where the job wants it, and asks about the old task.
pub(crate) fn measure(run: &mut Run, setup: &Setup, main: &Fit, judged: &[u32]) -> Result<Beside, Fault> {
    let Some(pretrained) = &setup.plan.pretrained else { return Ok(Beside::default()) };
    let (table, target) = (&setup.data.table, setup.data.target()?);
    let asked: Vec<u32> = judged.iter().step_by((judged.len() / ASKED).max(1)).take(ASKED).copied().collect();
    let prepared = setup.ready.preparation.apply(table, &asked, None)?;
    let answers = match pretrained.published.picture() {
        Some(of) => old_answers(of, &pretrained.weights, &main.model.weights(), &prepared)?,
        None => None,
    };
    let kept = answers.map(|[before, after]| kept(&before, &after));
    let scratch = if run.job.train.scratch.or(false) {
        let mut plan = setup.plan.clone();
        (plan.pretrained, plan.train.transfer) = (None, None);
        let from_nothing = fit(run, &plan, &setup.ready, Which::Repeat("scratch", 1))?;
        Some(Scored::predict(&from_nothing.model, table, target, judged)?)
    } else {
        None
    };
    Ok(Beside { scratch, kept })
}

/// Whether training from nothing takes minutes.
pub(crate) fn takes_minutes(rows: usize, epochs: u64, side: usize) -> bool {
    (rows as u64).saturating_mul(epochs).saturating_mul((side as u64).pow(2)) <= MINUTES
}

fn kept(before: &[u32], after: &[u32]) -> Kept {
    let rows = before.len().max(1) as f64;
    let same = before.iter().zip(after).filter(|(before, after)| before == after).count();
    let mut counts: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
    for (&before, &after) in before.iter().zip(after) {
        counts.entry(before).or_default()[0] += 1;
        counts.entry(after).or_default()[1] += 1;
    }
    // Two that answer without regard to each other agree so often.
    let chance = counts.values().map(|[a, b]| *a as f64 / rows * *b as f64 / rows).sum();
    Kept { rows: before.len(), share: same as f64 / rows, chance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_told_from_chance() {
        let kept = kept(&[1, 1, 2, 3], &[1, 1, 2, 2]);
        assert_eq!(kept.rows, 4);
        assert!((kept.share - 0.75).abs() < 1e-12 && (kept.chance - 0.375).abs() < 1e-12, "{kept:?}");
    }
}
