//! What the layers of a network did over a training: figures as curves, spreads as a few histograms.

use super::event::{Figures, Histogram, Line};
use super::series::Series;

/// Blocks of a layer's curve: its chart has half as many columns.
const BLOCKS: usize = 128;
/// Curves of layers that are kept. 4,096: a network of some eight hundred layers.
const MOST_CURVES: usize = 4_096;
/// Looks at a spread that are kept, evenly over the training.
const MOST_LOOKS: usize = 24;
/// Spreads that are kept.
const MOST_SPREADS: usize = 2_048;

/// A figure of a layer, over steps.
#[derive(Debug)]
pub(crate) struct LayerCurve {
    /// The layer.
    pub(crate) layer: String,
    /// `grad_norm`, `sd`, ..., or `attention` for a head of it.
    pub(crate) figure: &'static str,
    /// The head, from 0; 0 for what is no head.
    pub(crate) head: usize,
    /// The values.
    pub(crate) series: Series,
}

/// How the values of a layer are spread, over steps.
#[derive(Debug)]
pub(crate) struct Spread {
    /// The layer.
    pub(crate) layer: String,
    /// `weights`, `gradient` or `activation`.
    pub(crate) what: &'static str,
    /// Looks with their steps, evenly spaced.
    pub(crate) looks: Vec<(f64, Histogram)>,
    /// Each how-manieth look is kept, and how many were seen.
    every: usize,
    seen: usize,
}

impl Spread {
    fn push(&mut self, step: f64, histogram: Histogram) {
        if self.seen.is_multiple_of(self.every) {
            if self.looks.len() == MOST_LOOKS {
                let mut at = 0;
                self.looks.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.every *= 2;
            }
            if self.seen.is_multiple_of(self.every) {
                self.looks.push((step, histogram));
            }
        }
        self.seen += 1;
    }
}

/// All layers.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// The figures, in the order in which they first appear.
    pub(crate) curves: Vec<LayerCurve>,
    /// The spreads, likewise.
    pub(crate) spreads: Vec<Spread>,
    /// Curves that found no place.
    pub(crate) left_out: usize,
    /// The step of the last look.
    pub(crate) last_step: f64,
}

impl Layers {
    /// Takes in a closer look at a step.
    pub(crate) fn push(&mut self, line: Line<'_>, offset: u64) {
        let step = line.step.0;
        self.last_step = step;
        self.left_out = 0;
        let mut place = Place { curve: 0, spread: 0 };
        for (layer, figures) in line.layers.0 {
            self.figures(&mut place, &layer, &figures, (step, offset));
            self.spread(&mut place, &layer, "weights", step, figures.values);
            self.spread(&mut place, &layer, "gradient", step, figures.gradient);
        }
        for (layer, figures) in line.activations.0 {
            self.figures(&mut place, &layer, &figures, (step, offset));
            self.spread(&mut place, &layer, "activation", step, figures.values);
        }
        for (layer, heads) in line.attention.0 {
            for (head, entropy) in heads.iter().enumerate() {
                self.curve(&mut place, (&layer, "attention", head), entropy.0, (step, offset));
            }
        }
    }

    fn figures(&mut self, place: &mut Place, layer: &str, figures: &Figures, at: (f64, u64)) {
        for (figure, value) in figures.named() {
            self.curve(place, (layer, figure, 0), value, at);
        }
    }

    /// Lines list their layers in one order, so the place of a curve is nearly always the one after the last.
    fn curve(
        &mut self,
        place: &mut Place,
        (layer, figure, head): (&str, &'static str, usize),
        value: f64,
        (step, offset): (f64, u64),
    ) {
        let is = |curve: &LayerCurve| curve.figure == figure && curve.head == head && curve.layer == layer;
        let known = self.curves.get(place.curve).is_some_and(is).then_some(place.curve);
        let at = known.or_else(|| self.curves.iter().position(is)).unwrap_or(self.curves.len());
        if at == MOST_CURVES {
            self.left_out += 1;
            return;
        }
        if at == self.curves.len() {
            self.curves.push(LayerCurve {
                layer: layer.to_owned(),
                figure,
                head,
                series: Series::new(BLOCKS),
            });
        }
        if let Some(curve) = self.curves.get_mut(at) {
            curve.series.push(step, value, offset);
        }
        place.curve = at + 1;
    }

    fn spread(
        &mut self,
        place: &mut Place,
        layer: &str,
        what: &'static str,
        step: f64,
        look: Option<Histogram>,
    ) {
        let Some(look) = look.filter(Histogram::is_usable) else { return };
        let is = |spread: &Spread| spread.what == what && spread.layer == layer;
        let known = self.spreads.get(place.spread).is_some_and(is).then_some(place.spread);
        let at = known.or_else(|| self.spreads.iter().position(is)).unwrap_or(self.spreads.len());
        if at == MOST_SPREADS {
            return;
        }
        if at == self.spreads.len() {
            self.spreads.push(Spread { layer: layer.to_owned(), what, looks: Vec::new(), every: 1, seen: 0 });
        }
        if let Some(spread) = self.spreads.get_mut(at) {
            spread.push(step, look);
        }
        place.spread = at + 1;
    }

    /// The curves of one figure.
    pub(crate) fn of(&self, figure: &str) -> impl Iterator<Item = &LayerCurve> {
        self.curves.iter().filter(move |curve| curve.figure == figure)
    }
}

struct Place {
    curve: usize,
    spread: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(step: usize) -> String {
        format!(
            r#"{{"event":"layers","step":{step},"layers":{{"a":{{"grad_norm":{step},"values":{{"low":0,"high":1,"counts":[{step}]}}}}}},"activations":{{"b":{{"sd":1}}}},"attention":{{"b":[0.5,0.6]}}}}"#
        )
    }

    #[test]
    fn looks_are_thinned_evenly_and_curves_keep_their_layers() {
        let mut layers = Layers::default();
        for step in 0..1_000 {
            let text = look(step);
            layers.push(serde_json::from_str(&text).unwrap(), 0);
        }
        let names: Vec<(&str, &str, usize)> =
            layers.curves.iter().map(|c| (c.layer.as_str(), c.figure, c.head)).collect();
        assert_eq!(
            names,
            [("a", "grad_norm", 0), ("b", "sd", 0), ("b", "attention", 0), ("b", "attention", 1)]
        );
        assert_eq!(layers.of("grad_norm").next().unwrap().series.count(), 1_000);
        let steps: Vec<f64> = layers.spreads[0].looks.iter().map(|look| look.0).collect();
        assert!(steps.len() > MOST_LOOKS / 2 && steps.len() <= MOST_LOOKS, "{steps:?}");
        let gap = steps[1] - steps[0];
        assert!(steps.windows(2).all(|pair| (pair[1] - pair[0] - gap).abs() < 1e-9), "{steps:?}");
    }
}
