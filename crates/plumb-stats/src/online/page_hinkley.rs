//! The Page-Hinkley test: a sum of deviations from the mean that has moved far from its extreme (Page 1954).

/// The detector, with the conventions and default numbers of river: both directions are watched.
#[derive(Debug, Clone, PartialEq)]
pub struct PageHinkley {
    /// Numbers before which nothing is said.
    pub least: u64,
    /// The deviation that is tolerated.
    pub delta: f64,
    /// How far a sum must move.
    pub threshold: f64,
    /// How much of a sum is kept from one number to the next.
    pub keep: f64,
    seen: u64,
    mean: f64,
    rising: f64,
    lowest: f64,
    falling: f64,
    highest: f64,
}

impl Default for PageHinkley {
    fn default() -> Self {
        Self::new(30, 0.005, 50.0, 0.9999)
    }
}

impl PageHinkley {
    /// A detector that has seen nothing.
    pub fn new(least: u64, delta: f64, threshold: f64, keep: f64) -> Self {
        Self {
            least,
            delta,
            threshold,
            keep,
            seen: 0,
            mean: 0.0,
            rising: 0.0,
            lowest: f64::INFINITY,
            falling: 0.0,
            // river's value: a falling stream is told as late as it tells it.
            highest: -1.0,
        }
    }

    /// Takes the next number; whether the stream has changed with it. After a change it starts anew. What is not finite is passed over.
    pub fn update(&mut self, x: f64) -> bool {
        if !x.is_finite() {
            return false;
        }
        self.seen += 1;
        self.mean += (x - self.mean) / self.seen as f64;
        let deviation = x - self.mean;
        self.rising = self.keep * self.rising + deviation - self.delta;
        self.falling = self.keep * self.falling + deviation + self.delta;
        self.lowest = self.lowest.min(self.rising);
        self.highest = self.highest.max(self.falling);
        let moved = (self.rising - self.lowest).max(self.highest - self.falling);
        let changed = self.seen >= self.least && moved > self.threshold;
        if changed {
            *self = Self::new(self.least, self.delta, self.threshold, self.keep);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_and_noise_is_not() {
        let stream = plumb_ledger::Seed(1).stream("page");
        let mut detector = PageHinkley::default();
        let at = |i: u64| 0.1 * stream.normal(i) + if i < 2000 { 0.0 } else { 1.0 };
        let found: Vec<u64> = (0..3000).filter(|&i| detector.update(at(i))).collect();
        assert!(found.first().is_some_and(|&first| (2000..2100).contains(&first)), "{found:?}");
        assert!(!detector.update(f64::NAN));
    }
}
