//! The first filters and the activations, epoch by epoch: a row for each, the epochs from left to right.

use super::super::film::{Frame, Still};
use super::{Group, Shown, View};

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let frames = &view.fit.film.frames;
    let (maps, sheets) = (activations(frames), filters(frames));
    vec![
        Group {
            across: Some(frames.len()),
            ..Group::new(
                "Activations, epoch by epoch",
                "Warm is where the units of a layer respond most, in two pictures that are not trained on: those of fine layers to \
                 edges, those of the last one to what tells the classes apart.",
                maps,
            )
        },
        Group {
            across: Some(frames.len()),
            ..Group::new(
                "Filters, epoch by epoch",
                "Filters of the first layer after some of the epochs: what stays as it was has been learned, or is not trained.",
                sheets,
            )
        },
    ]
}

fn filters(frames: &[Frame]) -> Vec<Shown> {
    frames.iter().filter_map(|frame| Some(of_epoch(frame, frame.filters.as_ref()?))).collect()
}

fn activations(frames: &[Frame]) -> Vec<Shown> {
    let mut pictures = Vec::new();
    let first = frames.first().map_or(&[][..], |frame| &frame.activations);
    for (picture, layers) in first.iter().enumerate() {
        for layer in 0..layers.len() {
            let still = |frame: &Frame| -> Option<Shown> {
                let still = frame.activations.get(picture)?.get(layer)?;
                Some(Shown { second: still.name.clone(), ..of_epoch(frame, still) })
            };
            pictures.extend(frames.iter().filter_map(still));
        }
    }
    pictures
}

fn of_epoch(frame: &Frame, still: &Still) -> Shown {
    Shown { png: still.png.clone(), first: format!("epoch {}", frame.epoch + 1), second: String::new() }
}
