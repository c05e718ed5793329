//! Pictures that show nothing, or are far from the others in brightness, sharpness or shape.

use super::looks::Look;

/// Deviation of brightness, in levels, below which a picture shows nothing.
pub(super) const BLANK: f64 = 2.0;
/// Mean brightness, in levels, up to which a picture is black, and as far from 255 white; only where the median picture is
/// at least twice as far from it.
pub(super) const DARK: f64 = 12.0;
/// Share of the median picture's sharpness below which one is blurred.
pub(super) const BLURRED: f64 = 0.05;
/// Times as long or as high for its width as the median picture.
pub(super) const ODD_SHAPE: f64 = 4.0;

/// A kind of odd picture and its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    pub(super) kind: &'static str,
    pub(super) rows: Vec<u32>,
}

/// The odd pictures of each kind; a blank one is of no other.
pub(super) fn find(looks: &[Option<Look>]) -> Vec<Odd> {
    let shown: Vec<Look> = looks.iter().flatten().filter(|look| look.contrast >= BLANK).copied().collect();
    let median = |of: &dyn Fn(&Look) -> f64| {
        let mut values: Vec<f64> = shown.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let (mean, sharpness, shape) =
        (median(&|of| of.brightness), median(&|of| of.sharpness), median(&|of| of.shape));
    let rows = |is: &dyn Fn(&Look) -> bool| -> Vec<u32> {
        let rows = looks.iter().enumerate();
        rows.filter(|(_, look)| look.as_ref().is_some_and(is)).map(|(row, _)| row as u32).collect()
    };
    let is_blank = |of: &Look| of.contrast < BLANK;
    let of = |kind, is: &dyn Fn(&Look) -> bool| Odd { kind, rows: rows(&|of| !is_blank(of) && is(of)) };
    vec![
        Odd { kind: "blank", rows: rows(&is_blank) },
        of("nearly black", &|of| mean > 2.0 * DARK && of.brightness < DARK),
        of("nearly white", &|of| mean < 255.0 - 2.0 * DARK && of.brightness > 255.0 - DARK),
        of("blurred", &|of| of.sharpness < BLURRED * sharpness),
        of("of an odd shape", &|of| (of.shape - shape).abs() > ODD_SHAPE.ln()),
    ]
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::audit::looks::looks;
    use crate::pictures::{Channels, Picture};

    #[test]
    fn each_kind_of_odd_picture_is_found_and_no_other() {
        let noise = |number: u64, at: usize| Seed(1).stream("pixels").at(number).uniform(at as u64);
        let picture = |width: usize, height: usize, level: &dyn Fn(usize) -> f64| {
            let pixels = (0..width * height).map(|at| level(at).clamp(0.0, 255.0) as u8).collect();
            Picture::new(width, height, Channels::Grey, pixels).unwrap()
        };
        let mut pictures: Vec<Picture> =
            (0..50).map(|number| picture(16, 16, &|at| 60.0 + 130.0 * noise(number, at))).collect();
        pictures.push(picture(16, 16, &|_| 77.0));
        pictures.push(picture(16, 16, &|at| 14.0 * noise(60, at)));
        pictures.push(picture(16, 16, &|at| 255.0 - 14.0 * noise(61, at)));
        pictures.push(picture(16, 16, &|at| 100.0 + (at % 16 + at / 16) as f64));
        pictures.push(picture(80, 16, &|at| 60.0 + 130.0 * noise(62, at)));
        let found = find(&looks(&pictures.into_iter().collect()));
        let rows: Vec<(&str, &[u32])> = found.iter().map(|odd| (odd.kind, odd.rows.as_slice())).collect();
        let expected: [(&str, &[u32]); 5] = [
            ("blank", &[50]),
            ("nearly black", &[51]),
            ("nearly white", &[52]),
            ("blurred", &[53]),
            ("of an odd shape", &[54]),
        ];
        assert_eq!(rows, expected);
    }
}
