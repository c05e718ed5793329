//! `constant`: the rate stays.

pub(super) fn factor() -> f64 {
    1.0
}
