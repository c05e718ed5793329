//! ADWIN: a window over a stream that is cut where its two ends differ beyond chance (Bifet, Gavaldà 2007).

/// Numbers whose mean and variance are kept, not themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    total: f64,
    /// Sum of squared deviations from the mean.
    spread: f64,
}

/// The detector, with the conventions and default numbers of river. Memory and the time of an update grow with the logarithm of the
/// window.
#[derive(Debug, Clone, PartialEq)]
pub struct Adwin {
    /// How sure a cut must be.
    pub delta: f64,
    /// Cuts are looked for once in so many numbers.
    pub clock: u64,
    /// Buckets of one size before two of them are joined.
    pub buckets: usize,
    /// Numbers that either end must have.
    pub least: f64,
    /// Numbers before which nothing is said.
    pub grace: f64,
    /// Buckets by size, `2^i` numbers each; the newest first within a size.
    rows: Vec<Vec<Bucket>>,
    width: f64,
    total: f64,
    spread: f64,
    seen: u64,
}

impl Default for Adwin {
    fn default() -> Self {
        Self::new(0.002)
    }
}

impl Adwin {
    /// A detector that has seen nothing.
    pub fn new(delta: f64) -> Self {
        Self {
            delta,
            clock: 32,
            buckets: 5,
            least: 5.0,
            grace: 10.0,
            rows: Vec::new(),
            width: 0.0,
            total: 0.0,
            spread: 0.0,
            seen: 0,
        }
    }

    /// How many numbers are in the window.
    pub fn width(&self) -> u64 {
        self.width as u64
    }

    /// Their mean; 0 of none.
    pub fn mean(&self) -> f64 {
        if self.width > 0.0 { self.total / self.width } else { 0.0 }
    }

    /// Takes the next number; whether the window was cut with it. What is not finite is passed over.
    pub fn update(&mut self, x: f64) -> bool {
        if !x.is_finite() {
            return false;
        }
        self.insert(x);
        self.seen += 1;
        self.seen.is_multiple_of(self.clock) && self.width > self.grace && self.cut()
    }

    fn insert(&mut self, x: f64) {
        self.width += 1.0;
        if self.width > 1.0 {
            let before = self.width - 1.0;
            self.spread += before * (x - self.total / before).powi(2) / self.width;
        }
        self.total += x;
        if self.rows.is_empty() {
            self.rows.push(Vec::new());
        }
        self.rows[0].insert(0, Bucket { total: x, spread: 0.0 });
        self.compress();
    }

    /// Joins the two oldest buckets of a size where there are more than `buckets` of it.
    fn compress(&mut self) {
        let mut size = 0;
        while self.rows[size].len() > self.buckets {
            let numbers = (1u64 << size) as f64;
            let (Some(a), Some(b)) = (self.rows[size].pop(), self.rows[size].pop()) else { return };
            let apart = (a.total - b.total) / numbers;
            let joined = Bucket {
                total: a.total + b.total,
                spread: a.spread + b.spread + numbers * apart * apart / 2.0,
            };
            if self.rows.len() == size + 1 {
                self.rows.push(Vec::new());
            }
            self.rows[size + 1].insert(0, joined);
            size += 1;
        }
    }

    /// Drops the oldest buckets as long as some cut shows two ends that differ.
    fn cut(&mut self) -> bool {
        let mut any = false;
        while self.differs() {
            any = true;
            self.drop_oldest();
        }
        any
    }

    fn differs(&self) -> bool {
        let (mut old, mut old_total) = (0.0, 0.0);
        for (size, row) in self.rows.iter().enumerate().rev() {
            for bucket in row.iter().rev() {
                old += (1u64 << size) as f64;
                old_total += bucket.total;
                let new = self.width - old;
                if new < self.least {
                    return false;
                }
                if old >= self.least && self.is_far(old, old_total / old, new, (self.total - old_total) / new)
                {
                    return true;
                }
            }
        }
        false
    }

    fn is_far(&self, old: f64, old_mean: f64, new: f64, new_mean: f64) -> bool {
        let confidence = (2.0 * self.width.ln() / self.delta).ln();
        let numbers = 1.0 / (old - self.least + 1.0) + 1.0 / (new - self.least + 1.0);
        let variance = self.spread / self.width;
        let bound = (2.0 * numbers * variance * confidence).sqrt() + 2.0 / 3.0 * confidence * numbers;
        (old_mean - new_mean).abs() > bound
    }

    fn drop_oldest(&mut self) {
        let Some(size) = self.rows.len().checked_sub(1) else { return };
        let Some(bucket) = self.rows[size].pop() else { return };
        let numbers = (1u64 << size) as f64;
        self.width -= numbers;
        self.total -= bucket.total;
        let apart = bucket.total / numbers - self.mean();
        self.spread -= bucket.spread + numbers * self.width * apart * apart / (numbers + self.width);
        if self.rows[size].is_empty() {
            self.rows.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_noise_is_not_and_memory_stays_small() {
        let stream = plumb_ledger::Seed(1).stream("adwin");
        let mut detector = Adwin::default();
        let at = |i: u64| stream.normal(i) + if i < 5000 { 0.0 } else { 1.0 };
        let found: Vec<u64> = (0..10_000).filter(|&i| detector.update(at(i))).collect();
        assert!(found.first().is_some_and(|&first| (5000..5200).contains(&first)), "{found:?}");
        assert!((detector.mean() - 1.0).abs() < 0.1 && detector.width() > 4000);
        assert!(detector.rows.iter().map(Vec::len).sum::<usize>() < 80);
    }
}
