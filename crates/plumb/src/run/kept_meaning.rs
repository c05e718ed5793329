//! Whether changed texts keep their label: a model of terms that has seen none changed is asked about both.

use plumb_data::probe::{self, ProbeKind};
use plumb_data::texts::ChangedTexts;
use plumb_data::{Column, Kind, Labels, Predictor as _, Table};
use plumb_learn::preflight::{Change, Preservation};
use plumb_ledger::Seed;

use super::stage_data::Data;
use crate::fault::Fault;

/// Texts that the model learns from, those that it is asked about, and the fewest of both.
const LEARNED: usize = 3_000;
const ASKED: usize = 500;
const FEWEST: usize = 200;

/// Asks about the texts as they are, and about each kind of change, alone; none where no class is to be told or there are too few
/// texts. `rows` are the train rows, in the order of `changed`.
pub(super) fn measure(
    data: &Data,
    rows: &[u32],
    changed: &ChangedTexts,
    seed: Seed,
) -> Result<Option<Preservation>, Fault> {
    let target = data.target()?;
    let Labels::Classes(_) = &target.labels else { return Ok(None) };
    if rows.len() < FEWEST {
        return Ok(None);
    }
    let stream = seed.stream("meaning");
    let order = stream.permutation(rows.len());
    let learned = order.len().min(LEARNED + ASKED) * LEARNED / (LEARNED + ASKED);
    let (learned, asked) = order.split_at(learned);
    let asked = &asked[..asked.len().min(ASKED)];
    let of = |places: &[u32]| -> Vec<u32> { places.iter().map(|&place| rows[place as usize]).collect() };
    let Ok(model) = probe::fit(ProbeKind::TfIdf, &data.table, target, &of(learned), seed) else {
        return Ok(None);
    };
    let names: Vec<&str> = data.table.texts(Some(&target.name)).map(|column| column.name.as_str()).collect();
    let answers = |texts: &dyn Fn(u32) -> Vec<String>| -> Option<Vec<u32>> {
        let texts: Vec<Vec<String>> = asked.iter().map(|&place| texts(place)).collect();
        let column = |(number, name): (usize, &&str)| {
            Column::text(name, Kind::Text, texts.iter().map(|row| row.get(number)))
        };
        let table = Table::new(names.iter().enumerate().map(column).collect()).ok()?;
        let all: Vec<u32> = (0..asked.len() as u32).collect();
        Some(model.predict(&table, &all).ok()?.classes())
    };
    let truth = target.codes_of(&of(asked));
    let Some(plain) = answers(&|place| changed.plain(place).to_vec()) else { return Ok(None) };
    let right: Vec<usize> = (0..truth.len()).filter(|&at| plain[at] == truth[at]).collect();
    let kept = |(name, alone): (String, ChangedTexts)| {
        let answers = answers(&|place| alone.row(place, stream.at(1 + u64::from(place))))?;
        let kept = right.iter().filter(|&&at| answers[at] == truth[at]).count();
        Some(Change { name, kept: kept as f64 / right.len().max(1) as f64 })
    };
    let changes = changed.alone().into_iter().filter_map(kept).collect();
    let mut counts = vec![0usize; target.classes.len()];
    for &code in &truth {
        counts[code as usize] += 1;
    }
    let share = |count: usize| count as f64 / truth.len().max(1) as f64;
    let chance = share(counts.into_iter().max().unwrap_or(0));
    Ok(Some(Preservation { asked: asked.len(), accuracy: share(right.len()), chance, changes }))
}
