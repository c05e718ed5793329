//! A histogram: counts between edges.

use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread};
use super::{Markup, format};
use crate::report::format::count;

/// Draws `counts[i]` between `edges[i]` and `edges[i + 1]`.
pub(crate) fn draw(label: &str, x_title: &str, edges: &[f64], counts: &[u64]) -> Option<Markup> {
    let x = Scale::around(Spread::Linear, edges.iter().copied())?;
    let y = Scale::around(Spread::Linear, counts.iter().map(|&n| n as f64))?.with_zero();
    let mut plot = Plot::new(&Frame { label, x_title, y_title: "rows", legend: &[] }, x, y);
    for (pair, &n) in edges.windows(2).zip(counts) {
        if let &[from, to] = pair {
            let tip = format!("{} to {}: {}", format(from), format(to), count(n as usize));
            plot.bar("bar s1", (from, 0.0), (to, n as f64), 1.0, &tip);
        }
    }
    Some(plot.finish())
}
