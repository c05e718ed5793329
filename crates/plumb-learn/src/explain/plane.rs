//! Features of many units shown in two: the plane in which rows differ most.

/// Steps of the power iteration: with a gap of a tenth between two directions the third digit stands.
const STEPS: usize = 60;

/// The place of each row on the first two principal components (Pearson 1901), each scaled to a deviation of 1, the largest
/// weight of a component positive. `features` is `rows x width`, row by row.
///
/// By power iteration on the centred rows: 240 passes over them, no matrix of `width x width`.
pub fn principal_plane(features: &[f32], width: usize) -> Vec<[f64; 2]> {
    let rows = features.len().checked_div(width).unwrap_or(0);
    let mut mean = vec![0.0f64; width];
    for row in features.chunks_exact(width.max(1)) {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / rows.max(1) as f64);
    }
    let mut centred: Vec<Vec<f64>> = (features.chunks_exact(width.max(1)))
        .map(|row| row.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect())
        .collect();
    let mut places = vec![[0.0; 2]; rows];
    for component in 0..2 {
        let direction = strongest(&centred, width);
        let along: Vec<f64> = centred.iter().map(|row| product(row, &direction)).collect();
        let deviation = (product(&along, &along) / rows.max(1) as f64).sqrt();
        for ((row, place), along) in centred.iter_mut().zip(&mut places).zip(along) {
            place[component] = if deviation > 0.0 { along / deviation } else { 0.0 };
            row.iter_mut().zip(&direction).for_each(|(value, direction)| *value -= along * direction);
        }
    }
    places
}

/// The unit direction along which rows vary most.
fn strongest(rows: &[Vec<f64>], width: usize) -> Vec<f64> {
    // No direction is favoured, and none is likely to be left out.
    let mut direction: Vec<f64> = (0..width).map(|unit| 1.0 + (unit as f64 * 0.618_034).fract()).collect();
    for _ in 0..STEPS {
        let mut next = vec![0.0; width];
        for row in rows {
            let along = product(row, &direction);
            next.iter_mut().zip(row).for_each(|(next, value)| *next += along * value);
        }
        let length = product(&next, &next).sqrt();
        if length <= f64::MIN_POSITIVE {
            return vec![0.0; width];
        }
        direction = next.into_iter().map(|value| value / length).collect();
    }
    let largest = direction.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
    if largest < 0.0 { direction.into_iter().map(|value| -value).collect() } else { direction }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn the_plane_is_the_one_in_which_rows_differ() {
        let stream = Seed(2).stream("rows");
        let (mut features, mut wanted) = (Vec::new(), Vec::new());
        for row in 0..300u64 {
            let [a, b] = [stream.normal(3 * row), stream.normal(3 * row + 1)];
            let noise = |unit: u64| 0.01 * stream.at(row).normal(unit);
            // Two directions at right angles: (3, 4) / 5 and (0, 0, 0, 1), and a mean.
            let place = [3.0 * a, 4.0 * a, 0.0, 2.0 * b, 0.0];
            features.extend((0..5u64).map(|unit| (7.0 + place[unit as usize] + noise(unit)) as f32));
            wanted.push([a, b]);
        }
        let found = principal_plane(&features, 5);
        for axis in 0..2 {
            let x: Vec<f64> = found.iter().map(|place| place[axis]).collect();
            let y: Vec<f64> = wanted.iter().map(|place| place[axis]).collect();
            let mean = y.iter().sum::<f64>() / y.len() as f64;
            let y: Vec<f64> = y.iter().map(|value| value - mean).collect();
            let correlation = product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt();
            assert!(correlation > 0.97, "{axis}: {correlation}");
        }
        assert_eq!(principal_plane(&[], 3), Vec::<[f64; 2]>::new());
        assert!(principal_plane(&[1.0; 6], 3).iter().flatten().all(|place| place.abs() < 1e-12));
    }
}
