//! The plugin `pr_curves`: for each class on each part, what thresholds on its probability make of the rows.

use prost::Message as _;

use super::proto::{DataClass, PrCurvePluginData, Value};
use super::value::{Plugin, floats};
use crate::log::note::{ClassScores, Content, Note};

const PLUGIN: Plugin = Plugin { name: "pr_curves", class: DataClass::Tensor };
/// Thresholds from 0 to 1: TensorBoard's own number.
const THRESHOLDS: usize = 201;
/// Below this a denominator counts as none, as in TensorBoard's own summaries.
const LEAST: f64 = 1e-7;

pub(super) fn values(note: &Note) -> Vec<Value> {
    let Content::Measured(measured) = &note.content else { return Vec::new() };
    measured.curves.iter().map(value).collect()
}

fn value(of: &ClassScores) -> Value {
    let rows = curve(&of.rows).into_iter().flatten().map(|value| value as f32);
    let content = PrCurvePluginData { num_thresholds: THRESHOLDS as u32 }.encode_to_vec();
    let tensor = floats(&[6, THRESHOLDS], rows);
    PLUGIN.value(format!("pr_curve/{}", of.tag), tensor).with_content(content)
}

/// True positives, false positives, true negatives, false negatives, precision and recall at each threshold, which a probability
/// reaches when it falls into its bin or a higher one.
fn curve(rows: &[(f64, bool)]) -> [Vec<f64>; 6] {
    let mut bins = [vec![0u64; THRESHOLDS], vec![0u64; THRESHOLDS]];
    for &(probability, is_class) in rows {
        let bin = (probability.clamp(0.0, 1.0) * (THRESHOLDS - 1) as f64).floor() as usize;
        bins[usize::from(is_class)][bin] += 1;
    }
    let reached = |bins: &[u64]| -> Vec<f64> {
        let mut total = 0;
        let mut sums: Vec<f64> = Vec::with_capacity(bins.len());
        for count in bins.iter().rev() {
            total += count;
            sums.push(total as f64);
        }
        sums.reverse();
        sums
    };
    let (fp, tp) = (reached(&bins[0]), reached(&bins[1]));
    let rest = |reached: &[f64]| reached.iter().map(|of| reached[0] - of).collect::<Vec<f64>>();
    let (tn, fneg) = (rest(&fp), rest(&tp));
    let share = |of: &[f64], with: &[f64]| {
        of.iter().zip(with).map(|(of, with)| of / (of + with).max(LEAST)).collect::<Vec<f64>>()
    };
    let (precision, recall) = (share(&tp, &fp), share(&tp, &fneg));
    [tp, fp, tn, fneg, precision, recall]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_counts_every_row_at_every_threshold() {
        let curve = curve(&[(0.9, true), (0.8, false), (0.2, true), (1.0, true), (0.0, false)]);
        let at = |threshold: usize| curve.each_ref().map(|of| (of[threshold] * 100.0).round() as u32);
        assert_eq!(at(0), [300, 200, 0, 0, 60, 100]);
        assert_eq!(at(170), [200, 0, 200, 100, 100, 67], "threshold 0.85");
        assert_eq!(at(200), [100, 0, 200, 200, 100, 33]);
        assert!((0..THRESHOLDS).all(|threshold| at(threshold)[..4].iter().sum::<u32>() == 500));
    }

    #[test]
    fn no_rows_are_no_division_by_nothing() {
        assert!(curve(&[]).iter().flatten().all(|value| value.abs() < f64::MIN_POSITIVE));
    }
}
