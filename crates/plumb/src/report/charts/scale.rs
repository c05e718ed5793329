//! From values to pixels along one axis, and the round values that deserve a tick.

use crate::report::format;

/// How values are spread over an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Equal differences, equal lengths.
    Linear,
    /// Equal ratios, equal lengths; values that are not positive have no place.
    Log,
}

/// One axis: an interval of values laid over an interval of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    spread: Spread,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    /// Ticks of a linear scale are at least so far apart.
    least_step: f64,
}

/// A value worth a mark on an axis, and its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// The value.
    pub(crate) value: f64,
    /// Its text.
    pub(crate) label: String,
}

impl Scale {
    /// A scale that shows all of the values that it can place, with a little air; `None` when there is none.
    pub(crate) fn around(spread: Spread, values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(values.into_iter().filter(|&value| placeable(spread, value)))?;
        let (low, high) = (transform(spread, low), transform(spread, high));
        let air = match spread {
            _ if high > low => (high - low) * 0.04,
            // A rate that never changes must not stand on an axis a hundred times as long.
            Spread::Linear if low.abs() >= f64::MIN_POSITIVE => low.abs() * 0.5,
            _ => 0.5,
        };
        // Near the end of what numbers can say there is no room for air.
        let (low, high) = ((low - air).max(f64::MIN), (high + air).min(f64::MAX));
        Some(Self { spread, low, high, from: 0.0, to: 1.0, least_step: 0.0 })
    }

    /// A linear scale from `low` to `high` exactly.
    pub(crate) fn exactly(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { spread: Spread::Linear, low, high, from: 0.0, to: 1.0, least_step: 0.0 }
    }

    /// The same scale with its lower end at zero, for lengths that are compared.
    pub(crate) fn with_zero(self) -> Self {
        Self { low: 0.0, ..self }
    }

    /// The same scale with ticks at whole numbers alone, for what is counted.
    pub(crate) fn counting(self) -> Self {
        Self { least_step: 1.0, ..self }
    }

    /// The same scale over other pixels.
    pub(crate) fn over(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    /// Where a value stands, clamped to the axis; `None` when it has no place.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        if !placeable(self.spread, value) {
            return None;
        }
        // Halves, so that an axis over the whole range of f64 does not overflow.
        let (low, high, value) = (self.low / 2.0, self.high / 2.0, transform(self.spread, value) / 2.0);
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        Some(self.from + share * (self.to - self.from))
    }

    /// Round values inside the axis, about `wanted` of them, ascending.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match self.spread {
            Spread::Linear => self.linear_ticks(wanted),
            Spread::Log => self.log_ticks(wanted),
        }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<Tick> {
        let even = (self.high / 2.0 - self.low / 2.0) * 2.0 / wanted.max(1) as f64;
        let step = round_step(even.max(self.least_step));
        // Of 2.5 neither.
        let step = if self.least_step > 0.0 { step.ceil() } else { step };
        let first = (self.low / step - 1e-9).ceil();
        // `+ 0.0` turns a negative zero into zero.
        let values = (0..=2 * wanted).map(|index| (first + index as f64) * step + 0.0);
        let inside = values.take_while(|&value| value <= self.high + step * 1e-9).filter(|x| x.is_finite());
        let digits = tick_digits(self.low.abs().max(self.high.abs()), step);
        inside.map(|value| Tick { value, label: format::significant(value, digits) }).collect()
    }

    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let decades = self.high - self.low;
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let factors: &[f64] = if decades > 3.0 {
            &[1.0]
        } else if decades > 1.0 {
            &[1.0, 3.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let every = ((decades / wanted.max(1) as f64).ceil() as i32).max(1);
        let exponents = (first..=last).filter(|exponent| exponent.rem_euclid(every) == 0);
        let values =
            exponents.flat_map(|exponent| factors.iter().map(move |factor| factor * 10f64.powi(exponent)));
        let inside = values.filter(|value| (self.low..=self.high).contains(&value.log10()));
        inside.map(|value| Tick { value, label: format::significant(value, 3) }).collect()
    }
}

/// The smallest and the largest finite value; `None` when there is none.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(None, |seen, value| match seen {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

fn placeable(spread: Spread, value: f64) -> bool {
    value.is_finite() && (spread == Spread::Linear || value > 0.0)
}

fn transform(spread: Spread, value: f64) -> f64 {
    if spread == Spread::Log { value.log10() } else { value }
}

/// The least of 1, 2, 2.5, 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    if !least.is_finite() || least < f64::MIN_POSITIVE {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    factors.iter().map(|factor| factor * power).find(|step| *step >= least * 0.999).unwrap_or(power * 10.0)
}

/// Digits that tell neighbouring ticks apart.
fn tick_digits(largest: f64, step: f64) -> i32 {
    ((largest / step).log10().floor() as i32 + 3).clamp(2, 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale, wanted: usize) -> Vec<String> {
        scale.ticks(wanted).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Scale::exactly(0.0, 1.0), 4), ["0", "0.25", "0.5", "0.75", "1"]);
        assert_eq!(labels(&Scale::exactly(0.0, 97.0), 5), ["0", "20", "40", "60", "80"]);
        assert_eq!(labels(&Scale::exactly(-1.5, 1.5), 3), ["−1", "0", "1"]);
        let log = Scale::around(Spread::Log, [1e-6, 1.0]).unwrap();
        assert_eq!(labels(&log, 4), ["1e−6", "0.0001", "0.01", "1"]);
    }

    #[test]
    fn what_is_counted_has_whole_ticks() {
        let of = |low, high, wanted| labels(&Scale::exactly(low, high).counting(), wanted);
        assert_eq!(of(0.5, 1.5, 6), ["1"]);
        assert_eq!(of(0.96, 2.04, 6), ["1", "2"]);
        assert_eq!(of(0.0, 15.0, 6), ["0", "3", "6", "9", "12", "15"]);
        assert_eq!(of(0.0, 100.0, 5), ["0", "20", "40", "60", "80", "100"]);
    }

    #[test]
    fn values_without_a_place_are_told() {
        let log = Scale::around(Spread::Log, [f64::NAN, -1.0, 0.0, 1.0, 100.0]).unwrap().over(0.0, 10.0);
        assert_eq!(log.place(0.0), None);
        assert_eq!(log.place(f64::NAN), None);
        assert!((log.place(10.0).unwrap() - 5.0).abs() < 1e-9);
        assert_eq!(Scale::around(Spread::Linear, [f64::NAN, f64::INFINITY]), None);
    }

    #[test]
    fn the_largest_numbers_have_an_axis() {
        for values in [[-1.613e308, -1.613e308], [f64::MIN, f64::MAX], [f64::MAX, f64::MAX]] {
            let scale = Scale::around(Spread::Linear, values).unwrap();
            assert!(scale.ticks(5).iter().all(|tick| scale.place(tick.value).is_some()), "{values:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_axis_has_finite_ticks_inside(values in proptest::collection::vec(proptest::num::f64::ANY, 0..4), log: bool) {
            let spread = if log { Spread::Log } else { Spread::Linear };
            if let Some(scale) = Scale::around(spread, values.iter().copied()) {
                let ticks = scale.ticks(5);
                proptest::prop_assert!(ticks.len() <= 12, "{ticks:?}");
                for tick in ticks {
                    proptest::prop_assert!(scale.place(tick.value).is_some_and(f64::is_finite));
                }
            }
        }
    }
}
