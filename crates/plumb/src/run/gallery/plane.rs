//! Where the judged pictures lie in what the head sees of them.

use plumb_evaluate::Truth;
use plumb_learn::explain::principal_plane;

use super::{Plane, View};

/// Pictures shown: as many dots as can be told apart.
const MOST: usize = 600;

pub(super) fn plane(view: &View<'_>) -> Option<Plane> {
    let (part, target) = (view.evaluation.judged()?, view.setup.data.target.as_ref()?);
    let Truth::Classes(truth) = &part.scored.truth else { return None };
    let step = truth.len().div_ceil(MOST).max(1);
    let places: Vec<usize> = (0..truth.len()).step_by(step).collect();
    let rows: Vec<u32> = places.iter().map(|&place| part.scored.rows[place]).collect();
    let model = &view.fit.model;
    let prepared = model.preparation().apply(&view.setup.data.table, &rows, None).ok()?;
    let (features, width) = model.features(&prepared)?;
    let predicted = part.scored.outcome().predicted_classes();
    Some(Plane {
        classes: target.classes.clone(),
        points: principal_plane(&features, width),
        truth: places.iter().map(|&place| truth[place]).collect(),
        predicted: places.iter().map(|&place| predicted[place]).collect(),
    })
}
