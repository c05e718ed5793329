//! `exp`, `erf`, `sin` and `cos` as branch-free arithmetic, which the compiler turns into vector code; the standard
//! library's go one by one. NaN stays NaN. The same bits on every machine: additions and products only.

/// Adding this to a small number rounds it to an integer, which then stands in the lowest bits.
const ROUNDING: f32 = 12_582_912.0;

/// The nearest integer, as a float and as an `i32`. Right for magnitudes under 4 million.
#[inline(always)]
fn round(x: f32) -> (f32, i32) {
    let shifted = x + ROUNDING;
    (shifted - ROUNDING, (shifted.to_bits() as i32).wrapping_sub(ROUNDING.to_bits() as i32))
}

/// `e^x` within 2e-7 of its value for `x` from -87 to 88; the value at the bound beyond.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let (n, power) = round(x * std::f32::consts::LOG2_E);
    // ln 2 in two parts: the first one has few bits, so that its multiples are exact.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    // The Taylor series to degree 7: the remainder is under 6e-9 for |r| up to ln 2 / 2.
    let tail = 1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0))));
    let value = 1.0 + r * (1.0 + r * (0.5 + r * tail));
    value * f32::from_bits((power.wrapping_add(127) as u32) << 23)
}

/// The error function within 3e-7, with `exp(-x^2)`, which its slope needs too.
///
/// Abramowitz and Stegun 7.1.26 is good to 1.5e-7: `1 - p(t) exp(-x^2)` with `t = 1 / (1 + 0.3275911 |x|)`.
#[inline(always)]
pub fn erf(x: f32) -> (f32, f32) {
    let bell = exp(-(x * x));
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let p = 0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4)));
    ((1.0 - p * t * bell).copysign(x), bell)
}

/// `(sin x, cos x)` within 3e-7 for magnitudes up to 1,000; less exact beyond.
#[inline(always)]
pub fn sin_cos(x: f32) -> (f32, f32) {
    let (n, quarter) = round(x * std::f32::consts::FRAC_2_PI);
    // A quarter turn in three parts, the first two with few bits.
    let r = x - n * 1.570_312_5 - n * 4.837_513e-4 - n * 7.549_79e-8;
    let square = r * r;
    // Taylor to degree 9 and 10 on a quarter turn around 0: remainders under 4e-9.
    let sine = r
        * (1.0
            + square
                * (-1.0 / 6.0
                    + square * (1.0 / 120.0 + square * (-1.0 / 5040.0 + square * (1.0 / 362_880.0)))));
    let cosine = 1.0
        + square
            * (-0.5
                + square
                    * (1.0 / 24.0
                        + square * (-1.0 / 720.0 + square * (1.0 / 40320.0 - square * (1.0 / 3_628_800.0)))));
    let odd = quarter & 1 == 1;
    let (s, c) = if odd { (cosine, sine) } else { (sine, cosine) };
    // Quarters 2 and 3 flip the sine, 1 and 2 the cosine.
    let flip = |value: f32, turns: i32| f32::from_bits(value.to_bits() ^ (((turns as u32) & 2) << 30));
    (flip(s, quarter), flip(c, quarter.wrapping_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_and_keeps_nan() {
        for i in -8700..8800 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2e-7 * exact, "{x}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(-1e9).to_bits(), exp(-87.0).to_bits());
    }

    #[test]
    fn erf_is_close_and_keeps_nan() {
        // scipy.special.erf, 1.16
        let known = [
            (0.0, 0.0),
            (1e-3, 0.001_128_378_8),
            (0.25, 0.276_326_4),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (1.5, 0.966_105_1),
            (2.0, 0.995_322_3),
            (3.0, 0.999_977_9),
            (6.0, 1.0),
        ];
        for (x, wanted) in known {
            assert!((erf(x).0 - wanted).abs() < 3e-7, "{x}: {} {wanted}", erf(x).0);
            assert!((erf(-x).0 + wanted).abs() < 3e-7, "{x}");
        }
        assert!(erf(f32::NAN).0.is_nan());
    }

    #[test]
    fn sine_and_cosine_are_close_and_keep_nan() {
        for i in -100_000..100_000 {
            let x = i as f32 * 0.01;
            let (sine, cosine) = sin_cos(x);
            let (exact_sine, exact_cosine) = f64::from(x).sin_cos();
            assert!((f64::from(sine) - exact_sine).abs() < 3e-7, "{x}: {sine} {exact_sine}");
            assert!((f64::from(cosine) - exact_cosine).abs() < 3e-7, "{x}: {cosine} {exact_cosine}");
        }
        assert!(sin_cos(f32::NAN).0.is_nan() && sin_cos(f32::INFINITY).1.is_nan());
    }
}
