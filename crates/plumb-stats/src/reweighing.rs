//! Weights of rows with which two codes are independent.

use std::collections::BTreeMap;

/// A weight for each row, with which `groups` and `classes` are independent and each keeps its own shares: rows of the group times rows of
/// the class, over all rows times rows of both (Kamiran, Calders 2012, "reweighing").
///
/// The slices are of one length; what is longer is left out. The weights sum to the number of rows.
pub fn reweighing(groups: &[u32], classes: &[u32]) -> Vec<f64> {
    let pairs: Vec<(u32, u32)> = groups.iter().copied().zip(classes.iter().copied()).collect();
    let of_group = counts(pairs.iter().map(|pair| pair.0));
    let of_class = counts(pairs.iter().map(|pair| pair.1));
    let of_both = counts(pairs.iter().copied());
    let all = pairs.len() as f64;
    let weight = |pair: &(u32, u32)| of_group[&pair.0] * of_class[&pair.1] / (all * of_both[pair]);
    pairs.iter().map(weight).collect()
}

fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, f64> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_insert(0.0) += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 1 and section 4.3 of the paper: ten applicants, 5 men of whom 4 were hired, 5 women of whom 2 were.
    #[test]
    fn the_weights_of_the_paper() {
        let men = [0u32; 5].into_iter().zip([1, 1, 1, 1, 0]);
        let women = [1u32; 5].into_iter().zip([1, 1, 0, 0, 0]);
        let (groups, classes): (Vec<u32>, Vec<u32>) = men.chain(women).unzip();
        let weights = reweighing(&groups, &classes);
        for (at, wanted) in [(0, 0.75), (4, 2.0), (5, 1.5), (9, 0.67)] {
            assert!((weights[at] - wanted).abs() < 0.005, "{at}: {}", weights[at]);
        }
        assert!((weights.iter().sum::<f64>() - 10.0).abs() < 1e-12);
    }

    #[test]
    fn weighted_groups_and_classes_are_independent() {
        let groups: Vec<u32> = (0..600).map(|row| row % 3).collect();
        let classes: Vec<u32> = (0..600).map(|row| u32::from(row % 7 < 2 + row % 3)).collect();
        let weights = reweighing(&groups, &classes);
        let sum = |keep: &dyn Fn(usize) -> bool| -> f64 {
            (0..600).filter(|&row| keep(row)).map(|row| weights[row]).sum()
        };
        let hired = sum(&|row| classes[row] == 1) / 600.0;
        for group in 0..3 {
            let own = sum(&|row| groups[row] == group);
            assert!((sum(&|row| groups[row] == group && classes[row] == 1) / own - hired).abs() < 1e-12);
        }
        assert!(reweighing(&[], &[1]).is_empty());
    }
}
