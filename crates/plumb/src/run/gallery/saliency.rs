//! What the network looks at.

use plumb_evaluate::Truth;
use plumb_learn::explain::{METHODS, Method};
use plumb_learn::model::TabularNetwork;

use super::super::drawings::heated;
use super::{Group, Shown, View, shown};

/// Pictures told right, and pictures told wrong.
const RIGHT: usize = 3;
const WRONG: usize = 3;

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let model = &view.fit.model;
    let (Some(part), Some(encoding)) = (view.evaluation.judged(), model.preparation().image()) else {
        return Vec::new();
    };
    let pictures_alone = model.preparation().numbers_width() + model.preparation().flags_width() == 0
        && model.preparation().cardinalities().is_empty();
    let (Truth::Classes(truth), Some(target), true) =
        (&part.scored.truth, &view.setup.data.target, pictures_alone)
    else {
        return Vec::new();
    };
    let Ok(TabularNetwork::Pictures(network)) = model.with_gradients() else { return Vec::new() };
    let predicted = &part.scored.outcome().predicted_classes();
    let places = |right: bool, most: usize| {
        let told = |place: &usize| (truth[*place] == predicted[*place]) == right;
        let told: Vec<usize> = (0..truth.len()).filter(told).collect();
        // Spread over the rows, which are often sorted by class.
        let step = (told.len() / most).max(1);
        told.into_iter().step_by(step).take(most).collect::<Vec<usize>>()
    };
    let looked_at: Vec<usize> = [places(true, RIGHT), places(false, WRONG)].concat();
    let name = |class: u32| target.classes.get(class as usize).cloned().unwrap_or_default();
    let of_method = |method: &Method| {
        let one = |&place: &usize| -> Option<[Shown; 2]> {
            let picture = view.images.set.get(part.scored.rows[place] as usize)?;
            let picture = encoding.picture(picture);
            let class = predicted[place];
            let heat = method.heat(&network, encoding, &picture, class as usize);
            let (truth, told) = (format!("is {}", name(truth[place])), format!("seen as {}", name(class)));
            Some([
                shown(&picture, truth, String::new()),
                shown(&heated(&picture, &heat), told, String::new()),
            ])
        };
        let pictures: Vec<Shown> = looked_at.iter().filter_map(one).flatten().collect();
        let title = format!("What the network looks at: {}", method.name);
        let caption = format!(
            "Warm is what speaks for the class that the picture was taken for: {}. The last ones were told wrong.",
            method.summary
        );
        Group::new(title, caption, pictures)
    };
    METHODS.iter().map(of_method).collect()
}
