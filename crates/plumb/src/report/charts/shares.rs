//! The share of each class in each part of the split, as bars of one length.

use super::plot::WIDTH;
use super::svg::{Anchor, Area, Svg};
use super::{Figure, series};
use crate::report::format::percent;
use crate::report::text::cut;

/// One bar: the name of the part and how many rows of each class it has.
pub(crate) type Part<'a> = (&'a str, &'a [u64]);

const ROW: f64 = 38.0;
const LEFT: f64 = 60.0;
/// Classes with their own colour; the rest share one.
const MOST: usize = 8;

/// Draws one bar for each part.
pub(crate) fn draw(classes: &[String], parts: &[Part<'_>]) -> Option<Figure> {
    let parts: Vec<&Part<'_>> = parts.iter().filter(|(_, counts)| counts.iter().any(|&n| n > 0)).collect();
    if parts.is_empty() {
        return None;
    }
    let mut svg =
        Svg::new(WIDTH, ROW * parts.len() as f64 + 8.0, "Share of each class in each part of the split");
    for (at, (name, counts)) in parts.iter().enumerate() {
        let y = at as f64 * ROW + 6.0;
        svg.text("tick", (LEFT - 8.0, y + 18.0), Anchor::End, name);
        draw_bar(&mut svg, y, classes, counts);
    }
    let rest = if classes.len() > MOST { ", the rarer ones together" } else { "" };
    let caption =
        format!("Classes in the order of the table above{rest}. Equal bars mean that the parts are alike.");
    Some(Figure::new("Class shares by part", caption, svg.finish()))
}

fn draw_bar(svg: &mut Svg, y: f64, classes: &[String], counts: &[u64]) {
    let total = counts.iter().sum::<u64>() as f64;
    let mut x = LEFT;
    let own = counts.len().min(MOST);
    let rest: u64 = counts.iter().skip(own).sum();
    let shown = counts.iter().take(own).copied().chain((rest > 0).then_some(rest));
    for (class, n) in shown.enumerate() {
        let share = n as f64 / total;
        let width = share * (WIDTH - LEFT - 18.0);
        let name = if class < own { classes.get(class).map_or("", String::as_str) } else { "other classes" };
        let fill = if class < own { series(class) } else { "other".to_owned() };
        let area = Area { x, y, width: (width - 1.5).max(0.5), height: 26.0 };
        svg.rect(&format!("bar {fill}"), area, 1.0, &format!("{name}: {}", percent(share)));
        let room = (width / 8.0) as usize;
        if room > 4 {
            svg.text("onbar", (x + 7.0, y + 17.0), Anchor::Start, &cut(name, room - 2));
        }
        x += width;
    }
}
