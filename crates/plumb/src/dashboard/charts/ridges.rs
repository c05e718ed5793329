//! How the values of a layer are spread, one ridge for each look: the first at the back, the last in front.

use super::super::store::{Histogram, Spread};
use crate::report::charts::scale::Scale;
use crate::report::charts::svg::{Anchor, Svg};
use crate::report::charts::{Figure, format};

const WIDTH: f64 = 520.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 14.0;
/// Between two ridges, and how high the highest stands over its foot.
const STEP: f64 = 13.0;
const HEIGHT: f64 = 44.0;
/// Ridges that can be told apart.
const MOST: usize = 14;
/// Points of a ridge.
const COLUMNS: usize = 64;

/// Draws the looks at a layer; nothing when there is none.
pub(crate) fn draw(spread: &Spread) -> Option<Figure> {
    let every = spread.looks.len().div_ceil(MOST).max(1);
    // The last look always stands in front.
    let looks: Vec<&(f64, Histogram)> = spread.looks.iter().rev().step_by(every).collect();
    let (low, high) = range(&looks)?;
    let bottom = HEIGHT + STEP * looks.len() as f64;
    let x = Scale::exactly(low, high).over(LEFT, WIDTH - RIGHT);
    let label = format!("Spread of the {} of {} over the training", spread.what, spread.layer);
    let mut svg = Svg::new(WIDTH, bottom + 40.0, &label);
    let highest = looks.iter().map(|(_, look)| density(look, low, high).1).fold(0.0, f64::max);
    for (at, (step, look)) in looks.iter().rev().enumerate() {
        let foot = HEIGHT + STEP * (at + 1) as f64 - 6.0;
        let ridge = ridge(look, (low, high), highest, foot, &x);
        let tip = format!("step {}: from {} to {}", format(*step), format(look.low.0), format(look.high.0));
        svg.shape("ridge", &ridge, &tip);
        if looks.len() - at == 1 || at.is_multiple_of(3) {
            svg.text("tick", (LEFT - 8.0, foot + 3.0), Anchor::End, &format(*step));
        }
    }
    for tick in Scale::exactly(low, high).ticks(5) {
        let Some(place) = x.place(tick.value) else { continue };
        svg.line("axis", (place, bottom), (place, bottom + 4.0));
        svg.text("tick", (place, bottom + 18.0), Anchor::Middle, &tick.label);
    }
    svg.line("axis", (LEFT, bottom), (WIDTH - RIGHT, bottom));
    svg.text("title", (LEFT - 8.0, 12.0), Anchor::End, "step");
    svg.text("title", (LEFT.midpoint(WIDTH - RIGHT), bottom + 34.0), Anchor::Middle, spread.what);
    let caption = format!("{} looks from the first (back) to the last (front).", looks.len());
    Some(Figure::new(format!("{}: {}", spread.layer, spread.what), caption, svg.finish()))
}

/// The range that holds all looks.
fn range(looks: &[&(f64, Histogram)]) -> Option<(f64, f64)> {
    let low = looks.iter().map(|(_, look)| look.low.0).reduce(f64::min)?;
    let high = looks.iter().map(|(_, look)| look.high.0).reduce(f64::max)?;
    // All values the same: a needle in the middle.
    let air = if high > low { 0.0 } else { low.abs().max(1e-6) * 0.5 };
    Some((low - air, high + air))
}

/// The share of the values over each column of the range, and the greatest of them. A bin that lies over several
/// columns is divided among them.
fn density(look: &Histogram, low: f64, high: f64) -> (Vec<f64>, f64) {
    let mut columns = vec![0.0; COLUMNS];
    let counts: Vec<f64> = look.counts.iter().map(|count| count.0).collect();
    let total: f64 = counts.iter().filter(|count| count.is_finite() && **count > 0.0).sum();
    let width = (look.high.0 - look.low.0) / counts.len() as f64;
    let column_of = |value: f64| (value - low) / (high - low) * COLUMNS as f64;
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| count.is_finite() && **count > 0.0) {
        let start = column_of(look.low.0 + width * bin as f64).clamp(0.0, COLUMNS as f64 - 1e-9);
        let end = column_of(look.low.0 + width * (bin + 1) as f64).clamp(start, COLUMNS as f64 - 1e-9);
        let (first, last) = (start as usize, end as usize);
        for (column, share) in columns.iter_mut().enumerate().take(last + 1).skip(first) {
            let covered = (end.min(column as f64 + 1.0) - start.max(column as f64)).max(0.0);
            let part =
                if end - start > 1e-9 { covered / (end - start) } else { 1.0 / (last + 1 - first) as f64 };
            *share += count / total * part;
        }
    }
    let greatest = columns.iter().copied().fold(0.0, f64::max);
    (columns, greatest)
}

fn ridge(look: &Histogram, (low, high): (f64, f64), highest: f64, foot: f64, x: &Scale) -> Vec<(f64, f64)> {
    let (shares, _) = density(look, low, high);
    let place = |column: f64| x.place(low + (high - low) * column / COLUMNS as f64).unwrap_or(LEFT);
    // The root lets the flat flanks be seen beside a high peak.
    let height = |share: f64| if highest > 0.0 { (share / highest).sqrt() * HEIGHT } else { 0.0 };
    let top =
        shares.iter().enumerate().map(|(column, &share)| (place(column as f64 + 0.5), foot - height(share)));
    std::iter::once((place(0.0), foot)).chain(top).chain([(place(COLUMNS as f64), foot)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Histogram {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn shares_add_up_whatever_the_bins() {
        for text in [
            r#"{"low":0,"high":1,"counts":[1,2,3]}"#,
            r#"{"low":0.2,"high":0.2,"counts":[5]}"#,
            r#"{"low":0,"high":0.001,"counts":[5,5]}"#,
            r#"{"low":0,"high":1,"counts":[0,null,-3,7]}"#,
        ] {
            let (shares, _) = density(&look(text), 0.0, 1.0);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{text}: {shares:?}");
        }
    }
}
