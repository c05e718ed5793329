//! How large the values between layers become: what is seen of them, and the range that follows.

use std::collections::BTreeMap;

use super::entropy;

/// The smallest and the largest value that are told apart; what lies beyond is taken for them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// At most 0.
    pub low: f32,
    /// At least 0.
    pub high: f32,
}

/// Steps between the smallest and the largest code of 8 bits.
const STEPS: f32 = 255.0;

impl Range {
    /// The value of a step.
    pub(super) fn scale(self) -> f32 {
        super::scales::scale(self.high - self.low, STEPS)
    }

    /// The code of 0.
    pub(super) fn zero(self) -> u8 {
        (-self.low / self.scale()).round_ties_even().clamp(0.0, STEPS) as u8
    }

    /// The codes of its values.
    pub fn codes(self) -> Codes {
        Codes { scale: self.scale(), zero: f32::from(self.zero()) }
    }
}

/// Codes of 8 bits, as `QuantizeLinear` and `DequantizeLinear` make and read them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Codes {
    scale: f32,
    zero: f32,
}

impl Codes {
    /// What is left of a value, and the slope that a training takes there: 1 where the value has a code of its own, 0 beyond the ends
    /// (the straight-through estimator: Bengio et al. 2013, Jacob et al. 2018).
    #[expect(clippy::inline_always, reason = "a step of a loop over vectors")]
    #[inline(always)]
    pub fn at(self, value: f32) -> (f32, f32) {
        let code = (value / self.scale).round_ties_even() + self.zero;
        let kept = code.clamp(0.0, STEPS);
        let inside = f32::from(u8::from((0.0..=STEPS).contains(&code)));
        ((kept - self.zero) * self.scale, inside)
    }
}

/// How a range follows from what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Calibration {
    /// All that was seen.
    MinMax,
    /// All but one value in ten thousand, half of them at each end.
    Percentile,
    /// The part of which the codes tell most: the least divergence between values and codes (Migacz 2017, "8-bit inference with
    /// TensorRT").
    Entropy,
}

impl Calibration {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::MinMax, Self::Percentile, Self::Entropy];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MinMax => "min-max",
            Self::Percentile => "percentile",
            Self::Entropy => "entropy",
        }
    }
}

/// Bins of a histogram.
pub(super) const BINS: usize = 2048;
/// The share of values that a percentile leaves beyond each end.
const BEYOND: f64 = 0.5e-4;

/// What is seen of values by name. Two rounds over the same rows: in the first the ends become known, in the second how the values lie
/// between them.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug, Clone)]
struct Seen {
    low: f32,
    high: f32,
    bins: Vec<u64>,
}

impl Watch {
    /// The first round: widens the ends.
    pub fn widen(&mut self, name: &str, values: &[f32]) {
        let seen = self.seen.entry(name.to_owned()).or_insert_with(|| Seen {
            low: 0.0,
            high: 0.0,
            bins: Vec::new(),
        });
        for &value in values.iter().filter(|value| value.is_finite()) {
            seen.low = seen.low.min(value);
            seen.high = seen.high.max(value);
        }
    }

    /// The second round: counts.
    pub fn count(&mut self, name: &str, values: &[f32]) {
        let Some(seen) = self.seen.get_mut(name) else { return };
        seen.bins.resize(BINS, 0);
        let step = BINS as f32 / (seen.high - seen.low).max(f32::MIN_POSITIVE);
        for &value in values.iter().filter(|value| value.is_finite()) {
            let bin = ((value - seen.low) * step) as usize;
            seen.bins[bin.min(BINS - 1)] += 1;
        }
    }

    /// The ranges.
    pub fn ranges(&self, how: Calibration) -> BTreeMap<String, Range> {
        self.seen.iter().map(|(name, seen)| (name.clone(), seen.range(how))).collect()
    }
}

impl Seen {
    fn range(&self, how: Calibration) -> Range {
        let all = Range { low: self.low, high: self.high };
        if self.bins.iter().all(|&count| count == 0) {
            return all;
        }
        match how {
            Calibration::MinMax => all,
            Calibration::Percentile => self.percentile(),
            Calibration::Entropy => entropy::range(all, &self.bins),
        }
    }

    /// The ends of the bins beyond which few values lie; 0 stays inside.
    fn percentile(&self) -> Range {
        let allowed = (self.bins.iter().sum::<u64>() as f64 * BEYOND) as u64;
        let cut = |bins: &mut dyn Iterator<Item = &u64>| {
            let mut beyond = 0;
            bins.take_while(|&&count| {
                beyond += count;
                beyond <= allowed
            })
            .count()
        };
        let (below, above) = (cut(&mut self.bins.iter()), cut(&mut self.bins.iter().rev()));
        let width = (self.high - self.low) / BINS as f32;
        Range {
            low: (self.low + below as f32 * width).min(0.0),
            high: (self.high - above as f32 * width).max(0.0),
        }
    }
}
