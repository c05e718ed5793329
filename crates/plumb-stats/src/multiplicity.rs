//! Many tests at once: p-values adjusted so that looking often does not find by chance.

use crate::ranks::ascending;

/// Holm's step-down adjustment: controls the chance of any false finding. Same order as the input; NaN
/// counts as 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let p = &known(p);
    let order = ascending(p);
    let mut adjusted = vec![1.0; p.len()];
    let mut largest: f64 = 0.0;
    for (place, &row) in order.iter().enumerate() {
        largest = largest.max(p[row as usize] * (p.len() - place) as f64).min(1.0);
        adjusted[row as usize] = largest;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up adjustment: controls the share of false findings. Same order as the input.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let p = &known(p);
    let order = ascending(p);
    let mut adjusted = vec![1.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (place, &row) in order.iter().enumerate().rev() {
        smallest = smallest.min(p[row as usize] * p.len() as f64 / (place + 1) as f64);
        adjusted[row as usize] = smallest;
    }
    adjusted
}

/// A test without an answer has found nothing.
fn known(p: &[f64]) -> Vec<f64> {
    p.iter().map(|p| if p.is_nan() { 1.0 } else { *p }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_answer_is_no_finding() {
        assert_eq!(holm(&[f64::NAN, 0.01]), [1.0, 0.02]);
        assert_eq!(benjamini_hochberg(&[f64::NAN, 0.01]), [1.0, 0.02]);
    }

    proptest! {
        #[test]
        fn adjusted_values_are_larger_and_holm_is_stricter(p in prop::collection::vec(0.0f64..=1.0, 0..40)) {
            for ((raw, family), discovery) in p.iter().zip(holm(&p)).zip(benjamini_hochberg(&p)) {
                prop_assert!(*raw <= discovery + 1e-15 && discovery <= family + 1e-12 && family <= 1.0);
            }
        }
    }
}
