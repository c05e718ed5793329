//! Welch's test: do two samples differ in mean, whatever their variances?

use crate::distributions::student_two_sided;

/// What the test needs to know of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// How many values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their variance (divided by count - 1).
    pub variance: f64,
}

impl Moments {
    /// The moments of values; `None` below two.
    pub fn of(values: &[f64]) -> Option<Self> {
        let (mean, variance) = (crate::describe::mean(values)?, crate::describe::variance(values)?);
        Some(Self { count: values.len(), mean, variance })
    }
}

/// The two-sided p-value of equal means, by Student's t with Welch and Satterthwaite's degrees of freedom
/// (`scipy.stats.ttest_ind(equal_var=False)`). `None` below two values or when neither sample varies or
/// a variance is not finite.
pub fn welch(first: &Moments, second: &Moments) -> Option<f64> {
    let part = |m: &Moments| m.variance / m.count as f64;
    let (a, b) = (part(first), part(second));
    let usable = first.count > 1 && second.count > 1 && a >= 0.0 && b >= 0.0 && a + b > 0.0;
    let p = usable.then(|| {
        let free = |x: f64, m: &Moments| x * x / (m.count as f64 - 1.0);
        let degrees = (a + b) * (a + b) / (free(a, first) + free(b, second));
        student_two_sided((first.mean - second.mean) / (a + b).sqrt(), degrees)
    });
    p.filter(|p| !p.is_nan())
}
