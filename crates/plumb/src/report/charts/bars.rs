//! A histogram: counts between edges.

use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread};
use super::{Markup, format};
use crate::report::format::count;

/// Draws `counts[i]` between `edges[i]` and `edges[i + 1]`.
pub(crate) fn draw(label: &str, x_title: &str, edges: &[f64], counts: &[u64]) -> Option<Markup> {
    let x = Scale::around(Spread::Linear, edges.iter().copied())?;
    let y = Scale::around(Spread::Linear, counts.iter().map(|&n| n as f64))?.from_zero();
    let mut plot = Plot::new(&Frame { label, x_title, y_title: "rows", legend: &[] }, x, y);
    for (pair, &n) in edges.windows(2).zip(counts) {
        if let &[from, to] = pair {
            let tip = format!("{} to {}: {}", format(from), format(to), count(n as usize));
            plot.bar("bar s1", (from, 0.0), (to, n as f64), 1.0, &tip);
        }
    }
    Some(plot.finish())
}

/// Cuts values into `bins` bins of equal width between their 0.5 and 99.5 per cent quantiles, so that one
/// far value does not flatten the rest; what lies outside is counted in the first and the last bin.
pub(crate) fn cut(values: &[f64], bins: usize) -> Option<(Vec<f64>, Vec<u64>)> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile =
        |share: f64| sorted.get((share * sorted.len().saturating_sub(1) as f64).round() as usize).copied();
    let (low, high) = (quantile(0.005)?, quantile(0.995)?);
    let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
    let width = (high / 2.0 - low / 2.0) / bins.max(1) as f64 * 2.0;
    let mut counts = vec![0; bins.max(1)];
    for value in sorted {
        let bin = ((value / 2.0 - low / 2.0) / width * 2.0).clamp(0.0, (counts.len() - 1) as f64) as usize;
        if let Some(n) = counts.get_mut(bin) {
            *n += 1;
        }
    }
    Some(((0..=counts.len()).map(|edge| low + edge as f64 * width).collect(), counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_counted_once() {
        let values: Vec<f64> = (0..1000).map(f64::from).chain([f64::NAN, 1e300]).collect();
        let (edges, counts) = cut(&values, 20).unwrap();
        assert_eq!(edges.len(), 21);
        assert_eq!(counts.iter().sum::<u64>(), 1001);
        assert!(edges[20] < 1000.0, "one far value does not stretch the axis: {edges:?}");
        assert_eq!(cut(&[f64::NAN], 20), None);
        assert_eq!(cut(&[7.0], 4).unwrap().1.iter().sum::<u64>(), 1);
    }
}
