//! A network without some of its units.

use std::collections::{BTreeMap, BTreeSet};

use super::units::Units;
use crate::parameters::{Array, Arrays};

/// Values without the units that are not in `kept` (one list of numbers for each set, ascending). What a unit is made of goes together
/// with what feeds on it. Where products are divided by the root of the count, what feeds on the rest is scaled to stay as it was.
pub(super) fn without(arrays: &Arrays, sets: &[(Units, Vec<usize>)]) -> Arrays {
    let mut gone: BTreeMap<(&str, usize), BTreeSet<usize>> = BTreeMap::new();
    let mut factors: BTreeMap<&str, f64> = BTreeMap::new();
    for (units, kept) in sets {
        let kept_units: BTreeSet<usize> = kept.iter().copied().collect();
        for place in units.own.iter().chain(&units.fed) {
            let gone = gone.entry((&place.name, place.axis)).or_default();
            let units_gone = (0..units.count).filter(|unit| !kept_units.contains(unit));
            gone.extend(units_gone.flat_map(|unit| place.entries(units.count, unit)));
        }
        if units.rooted {
            let factor = (kept.len() as f64 / units.count.max(1) as f64).sqrt();
            factors.extend(units.fed.iter().map(|place| (place.name.as_str(), factor)));
        }
    }
    let mut left = arrays.clone();
    for ((name, axis), gone) in gone {
        if let Some(array) = left.0.get_mut(name) {
            *array = without_entries(array, axis, &gone);
        }
    }
    for (name, factor) in factors {
        for value in left.0.get_mut(name).into_iter().flat_map(|array| &mut array.values) {
            *value = (f64::from(*value) * factor) as f32;
        }
    }
    left
}

/// The array without some entries along an axis.
fn without_entries(array: &Array, axis: usize, gone: &BTreeSet<usize>) -> Array {
    let Some(&extent) = array.shape.get(axis) else { return array.clone() };
    let inner: usize = array.shape[axis + 1..].iter().product();
    let kept: Vec<usize> = (0..extent).filter(|entry| !gone.contains(entry)).collect();
    let mut values = Vec::new();
    for outer in array.values.chunks_exact((extent * inner).max(1)) {
        for entry in &kept {
            values.extend_from_slice(&outer[entry * inner..(entry + 1) * inner]);
        }
    }
    let mut shape = array.shape.clone();
    shape[axis] = kept.len();
    Array { shape, values }
}

/// Adds up `of` the entries of an array by unit: `of` is told where in the array's values an entry stands.
pub(super) fn sums(
    array: &Array,
    axis: usize,
    entries: impl IntoIterator<Item = usize>,
    of: impl Fn(usize) -> f64,
) -> f64 {
    let Some(&extent) = array.shape.get(axis) else { return 0.0 };
    let inner: usize = array.shape[axis + 1..].iter().product();
    let outer = array.values.len().checked_div(extent * inner).unwrap_or(0);
    let mut sum = 0.0;
    for entry in entries.into_iter().filter(|entry| *entry < extent) {
        for outer in 0..outer {
            let first = (outer * extent + entry) * inner;
            sum += (first..first + inner).map(&of).sum::<f64>();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_along_their_axis() {
        let array = Array { shape: vec![2, 3, 2], values: (0..12).map(|value| value as f32).collect() };
        let found = without_entries(&array, 1, &BTreeSet::from([1]));
        assert_eq!(
            (found.shape.as_slice(), found.values.as_slice()),
            (&[2, 2, 2][..], &[0.0, 1.0, 4.0, 5.0, 6.0, 7.0, 10.0, 11.0][..])
        );
        let of = |at: usize| f64::from(array.values[at]);
        assert_eq!(sums(&array, 1, [1], of).to_bits(), 22.0f64.to_bits());
        assert_eq!(sums(&array, 0, [1], of).to_bits(), 51.0f64.to_bits());
    }
}
