//! Which units stay.

use std::collections::BTreeMap;

use super::units::{UnitKind, Units};

/// Vector units of today's CPUs take eight 32-bit numbers at once, or sixteen in two halves: other counts leave some of them idle.
const TOGETHER: usize = 8;
/// The share of a layer's units that stays at least, whatever their importance: a layer of few is a narrow place for all that follow.
pub(super) const FLOOR: f64 = 0.25;

/// The units of each set that stay, ascending, so that about `share` of each kind goes: the least important ones over all layers, by
/// what they are worth beside the mean of their layer and beside the root of what one costs (`costs`, by set). Molchanov et al. 2017 take costs off;
/// the whole ratio would empty the first layers of picture networks, whose units cost six times as much as the last ones'. Layers of 16
/// units or more keep a multiple of eight, and each layer `floor` of its units.
pub(super) fn kept(
    sets: &[Units],
    (scores, costs): (&[Vec<f64>], &[f64]),
    (share, floor): (f64, f64),
) -> Vec<Vec<usize>> {
    let mut by_kind: BTreeMap<UnitKind, Vec<(f64, usize)>> = BTreeMap::new();
    for (set, ((units, scores), cost)) in sets.iter().zip(scores).zip(costs).enumerate() {
        let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        let cost = if *cost > 0.0 { cost.sqrt() } else { 1.0 };
        let relative = |score: &f64| if mean > 0.0 { score / mean / cost } else { 1.0 / cost };
        by_kind.entry(units.kind).or_default().extend(scores.iter().map(|score| (relative(score), set)));
    }
    let mut gone = vec![0usize; sets.len()];
    for ranked in by_kind.values_mut() {
        ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let count = (share.clamp(0.0, 1.0) * ranked.len() as f64).round() as usize;
        for (_, set) in ranked.iter().take(count) {
            gone[*set] += 1;
        }
    }
    let of_set = |((units, scores), gone): ((&Units, &Vec<f64>), usize)| {
        best(scores, count_left(units.count, units.count - gone, floor))
    };
    sets.iter().zip(scores).zip(gone).map(of_set).collect()
}

/// How many of `all` units stay where `left` are wanted.
fn count_left(all: usize, left: usize, floor: f64) -> usize {
    let left = left.max((all as f64 * floor).ceil() as usize).min(all);
    if all < 2 * TOGETHER || left == all {
        return left;
    }
    let rounded = (left + TOGETHER / 2) / TOGETHER * TOGETHER;
    rounded.clamp(TOGETHER, all)
}

/// The places of the largest scores, ascending; the first among equals.
fn best(scores: &[f64], count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    places.truncate(count);
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kind: UnitKind, count: usize) -> Units {
        let (own, fed) = (Vec::new(), Vec::new());
        Units { layer: String::new(), kind, count, own, scale: None, fed, rooted: false }
    }

    #[test]
    fn counts_keep_a_floor_and_fill_vector_units() {
        let left = [(64, 33), (64, 1), (64, 64), (100, 100), (12, 5), (4, 0), (20, 19)];
        let found = left.map(|(all, left)| count_left(all, left, FLOOR));
        assert_eq!(found, [32, 16, 64, 100, 5, 1, 16]);
    }

    #[test]
    fn the_least_go_over_all_layers_but_each_layer_is_its_own_measure() {
        let sets = [set(UnitKind::Hidden, 4), set(UnitKind::Hidden, 4), set(UnitKind::Heads, 2)];
        // The second layer's numbers are a hundred times the first one's, and all alike.
        let scores = [vec![0.1, 1.9, 0.2, 1.8], vec![100.0; 4], vec![3.0, 1.0]];
        let found = kept(&sets, (&scores, &[1.0; 3]), (0.25, FLOOR));
        assert_eq!(found, [vec![1, 3], vec![0, 1, 2, 3], vec![0]].map(|kept| kept).to_vec());
        // Where one of the second layer's costs four hundred times as much it is worth a twentieth; one stays all the same.
        let found = kept(&sets, (&scores, &[1.0, 400.0, 1.0]), (0.5, FLOOR));
        assert_eq!(found, [vec![0, 1, 2, 3], vec![0], vec![0]].map(|kept| kept).to_vec());
    }
}
