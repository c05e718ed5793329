//! Looks again and again: how much of the allowance for false alarms each of them may spend.

/// The level of look `look`, from 1: `level 6 / (pi look)²`. However many looks there will be, the levels sum to at most `level`, so the
/// chance of any false alarm ever is at most that, whatever the dependence between looks (alpha spending of Foster and Stine 2008, with
/// the weights of Tian and Ramdas 2021).
pub fn level_of_look(level: f64, look: u64) -> f64 {
    let look = look.max(1) as f64;
    level * 6.0 / (std::f64::consts::PI * look).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_of_all_looks_sum_to_the_whole() {
        let sum: f64 = (1..=1_000_000).map(|look| level_of_look(0.05, look)).sum();
        assert!(sum < 0.05 && sum > 0.049_999, "{sum}");
        assert!(level_of_look(0.05, 0) <= 0.05);
    }
}
