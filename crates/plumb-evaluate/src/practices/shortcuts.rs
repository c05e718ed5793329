//! Does a corner or an edge of the picture decide the class?

use plumb_data::pictures::{Filter, Picture, Rect, resize};
use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::NOTHING_JUDGED;
use super::changed_rows::with_pictures;
use crate::scored::Truth;
use crate::{EvaluateContext, Scored};

/// Share of hosts that a transplant turns into the donor's class.
const WARN: f64 = 0.25;
const FAIL: f64 = 0.5;
/// Pictures that receive a transplant, for each class and place; donors of a class; classes looked at.
const HOSTS: usize = 24;
const DONORS: usize = 8;
const CLASSES: usize = 20;
/// The side of a transplant as a share of the picture's.
const SIDE: f64 = 0.25;

pub(super) const PAGE: Page = Page {
    id: "explain.shortcuts",
    question: "Does a corner or an edge of the picture decide the class?",
    why: "A watermark, a caption, a ruler or a frame that goes with one class is easier to learn than the class. The score is \
          good until such a picture comes from elsewhere.",
    evidence: "For each class and each of eight places along the border: a quarter of the side, cut out of pictures of the \
               class, is put into the same place of 24 pictures of other classes. The share of them that is then taken for \
               the donor's class and was not before. Up to 20 classes.",
    thresholds: &[
        Threshold {
            name: "share of pictures turned that warns",
            value: WARN,
            reason: "a sixteenth of the picture, at its border, decides for one picture in four",
        },
        Threshold {
            name: "share that fails",
            value: FAIL,
            reason: "the place decides more often than all the rest",
        },
    ],
    false_alarms: "Pictures whose border shows what they are of: a sky that tells planes from cars is a shortcut and a fact.",
    remedy: "Look at the place in pictures of the class; crop it away, cover it in all classes, or collect pictures without it.",
    sources: &[
        Source::BestPractices,
        Source::Paper("Geirhos et al., Shortcut Learning in Deep Neural Networks (2020)"),
    ],
};

/// Where a transplant lies, as shares of the picture's extents.
const PLACES: [(&str, f64, f64); 8] = [
    ("top left", 0.0, 0.0),
    ("top", 0.375, 0.0),
    ("top right", 0.75, 0.0),
    ("left", 0.0, 0.375),
    ("right", 0.75, 0.375),
    ("bottom left", 0.0, 0.75),
    ("bottom", 0.375, 0.75),
    ("bottom right", 0.75, 0.75),
];

/// What a place does for a class.
struct Turned {
    class: u32,
    place: &'static str,
    share: f64,
    /// By how much the log odds of the class rise, in the middle of the hosts.
    risen: f64,
}

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let set = context.subject.table.columns().iter().find_map(|column| column.images());
    let (Some(images), Truth::Classes(truth)) = (set, &part.scored.truth) else {
        return Judgement::skipped("for pictures of classes");
    };
    let picture = |place: usize| images.set.get(part.scored.rows[place] as usize);
    let mut turned = Vec::new();
    for class in 0..context.subject.target.classes.len().min(CLASSES) as u32 {
        let of_class =
            |wanted: bool| (0..truth.len()).filter(move |&place| (truth[place] == class) == wanted);
        let donors: Vec<Picture> = of_class(true).take(DONORS).filter_map(picture).collect();
        let others = of_class(false).count();
        let hosts: Vec<u32> = of_class(false)
            .step_by((others / HOSTS).max(1))
            .take(HOSTS)
            .map(|place| part.scored.rows[place])
            .collect();
        if donors.is_empty() || hosts.len() < HOSTS {
            continue;
        }
        match shares(context, class, &donors, &hosts) {
            Ok(found) => turned.extend(found),
            Err(error) => {
                return Judgement::skipped(format!("the model cannot predict changed pictures: {error}"));
            }
        }
    }
    let Some(worst) = turned.iter().max_by(|a, b| a.share.total_cmp(&b.share)) else {
        return Judgement::skipped("too few pictures of several classes were judged");
    };
    let name = |class: u32| context.subject.target.classes.get(class as usize).map_or("", String::as_str);
    let text = format!(
        "the {} of `{}` turns {:.0} % of other pictures into `{1}`",
        worst.place,
        name(worst.class),
        100.0 * worst.share
    );
    let judged = match worst.share {
        share if share >= FAIL => Judgement::fail(text),
        share if share >= WARN => Judgement::warn(text),
        _ => Judgement::pass(format!("no border decides: at most, {text}")),
    };
    turned.sort_by(|a, b| b.risen.total_cmp(&a.risen));
    let facts = turned.iter().take(10);
    let facts = facts.map(
        |of| json!({ "class": name(of.class), "place": of.place, "share": of.share, "risen": of.risen }),
    );
    judged.with("places", facts.collect::<Vec<_>>())
}

/// For each place the share of hosts that its transplant turns into the class.
fn shares(
    context: &EvaluateContext<'_>,
    class: u32,
    donors: &[Picture],
    hosts: &[u32],
) -> Result<Vec<Turned>, crate::EvaluateError> {
    let told = |scored: &Scored| -> Vec<bool> {
        scored.outcome().predicted_classes().iter().map(|&told| told == class).collect()
    };
    let odds = |scored: &Scored| -> Vec<f64> {
        let p = |row: &[f64]| row.get(class as usize).copied().unwrap_or(0.0).clamp(1e-9, 1.0 - 1e-9);
        scored.predicted.chunks_exact(scored.width).map(p).map(|p| (p / (1.0 - p)).ln()).collect()
    };
    let before = with_pictures(context, hosts, |_, picture| picture.clone())?;
    let (odds_before, before) = (odds(&before), told(&before));
    let rows: Vec<u32> = PLACES.iter().flat_map(|_| hosts).copied().collect();
    let after = with_pictures(context, &rows, |at, host| {
        let (place, host_number) = (at / hosts.len(), at % hosts.len());
        transplant(&donors[host_number % donors.len()], host, PLACES[place])
    })?;
    let (odds_after, after) = (odds(&after), told(&after));
    let of_place = |place: usize| {
        let of_hosts = place * hosts.len()..(place + 1) * hosts.len();
        let pairs = after[of_hosts.clone()].iter().zip(&before);
        let turned = pairs.filter(|(after, before)| **after && !**before).count();
        let mut risen: Vec<f64> =
            odds_after[of_hosts].iter().zip(&odds_before).map(|(after, before)| after - before).collect();
        risen.sort_by(f64::total_cmp);
        let risen = risen.get(risen.len() / 2).copied().unwrap_or(0.0);
        Turned { class, place: PLACES[place].0, share: turned as f64 / hosts.len() as f64, risen }
    };
    Ok((0..PLACES.len()).map(of_place).collect())
}

/// The host with a part of the donor at the same place.
fn transplant(donor: &Picture, host: &Picture, (_, left, top): (&str, f64, f64)) -> Picture {
    let mut changed = host.clone();
    let (width, height) = (host.width(), host.height());
    let along = |start: f64, all: usize| {
        let start = (start * all as f64) as usize;
        (start, ((SIDE * all as f64) as usize).clamp(1, all - start))
    };
    let ((x, wide), (y, high)) = (along(left, width), along(top, height));
    let donor = donor.clone().into_channels(host.channels());
    let (of_x, of_y) = (donor.width() as f64 / width as f64, donor.height() as f64 / height as f64);
    let part = Rect {
        left: x as f64 * of_x,
        top: y as f64 * of_y,
        width: wide as f64 * of_x,
        height: high as f64 * of_y,
    };
    let part = resize(&donor, part, wide, high, Filter::Bilinear);
    let channels = host.channels().count();
    let rows = changed.pixels_mut().chunks_exact_mut(width * channels).skip(y);
    for (row, of_part) in rows.zip(part.pixels().chunks_exact(wide * channels)) {
        row[x * channels..(x + wide) * channels].copy_from_slice(of_part);
    }
    changed
}

#[cfg(test)]
mod tests {
    use plumb_data::pictures::Channels;

    use super::*;

    #[test]
    fn a_transplant_lies_where_it_was_cut_out() {
        let picture = |side: usize, level: u8| {
            Picture::new(side, side, Channels::Grey, vec![level; side * side]).unwrap()
        };
        let changed = transplant(&picture(16, 9), &picture(8, 1), ("bottom right", 0.75, 0.75));
        let nines: Vec<usize> = (0..64).filter(|&at| changed.pixels()[at] == 9).collect();
        assert_eq!(nines, [54, 55, 62, 63]);
        assert!((0..64).all(|at| nines.contains(&at) || changed.pixels()[at] == 1));
    }
}
