//! A line of `history.jsonl`, read leniently and fast: one flat struct, no look at the kind first.

use std::borrow::Cow;

use serde::Deserialize;

use crate::report::files::lenient::{Number, Ordered};

/// A line. Which fields have a meaning follows from `event`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Line<'a> {
    /// `step`, `layers` or `epoch`.
    #[serde(borrow)]
    pub(crate) event: Cow<'a, str>,
    /// Steps before it.
    pub(crate) step: Number,
    /// Epochs before it.
    pub(crate) epoch: Number,
    /// Of a step: the loss of its batch.
    pub(crate) loss: Number,
    /// Of a step: the rate.
    pub(crate) lr: Number,
    /// Of a step: the norm of all gradients.
    pub(crate) grad_norm: Number,
    /// Of an epoch: the mean loss of its steps.
    pub(crate) train_loss: Number,
    /// Of an epoch: loss and metrics on the valid rows.
    pub(crate) valid: Ordered<Number>,
    /// Of an epoch: whether it is the best so far.
    pub(crate) best: bool,
    /// Of an epoch: seconds since training, or its resumed part, began.
    pub(crate) seconds: Number,
    /// Of a closer look: each parameter.
    pub(crate) layers: Ordered<Figures>,
    /// Of a closer look: each activation.
    pub(crate) activations: Ordered<Figures>,
    /// Of a closer look: the mean entropy of each head, as a share of the greatest possible.
    pub(crate) attention: Ordered<Vec<Number>>,
}

/// The figures of one parameter or one activation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Figures {
    /// The norm of a parameter's gradient.
    pub(crate) grad_norm: Option<Number>,
    /// The norm of its values.
    pub(crate) weight_norm: Option<Number>,
    /// The norm of its change over that of its values.
    pub(crate) update_ratio: Option<Number>,
    /// The mean of an activation.
    pub(crate) mean: Option<Number>,
    /// Its standard deviation.
    pub(crate) sd: Option<Number>,
    /// The share of units that give everybody the same answer.
    pub(crate) dead: Option<Number>,
    /// The share of answers at the ends of the range.
    pub(crate) saturated: Option<Number>,
    /// How its values are spread.
    pub(crate) values: Option<Histogram>,
    /// How its gradient is spread.
    pub(crate) gradient: Option<Histogram>,
}

impl Figures {
    /// The figures by their names, as far as they are there.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [
            ("grad_norm", self.grad_norm),
            ("weight_norm", self.weight_norm),
            ("update_ratio", self.update_ratio),
            ("mean", self.mean),
            ("sd", self.sd),
            ("dead", self.dead),
            ("saturated", self.saturated),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?.0)))
    }
}

/// Counts in equal steps from `low` to `high`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Histogram {
    /// The lower edge of the first bin.
    pub(crate) low: Number,
    /// The upper edge of the last bin.
    pub(crate) high: Number,
    /// How many values lie in each.
    pub(crate) counts: Vec<Number>,
}

impl Histogram {
    /// Whether it can be drawn.
    pub(crate) fn is_usable(&self) -> bool {
        let Self { low, high, counts } = self;
        low.0.is_finite()
            && high.0.is_finite()
            && low.0 <= high.0
            && !counts.is_empty()
            && counts.len() <= 4_096
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_lines_are_read() {
        let old = r#"{"event":"layers","step":5,"layers":{"a":{"grad_norm":1,"weight_norm":null}},"activations":{"b":{"sd":2}}}"#;
        let line: Line<'_> = serde_json::from_str(old).unwrap();
        assert_eq!(line.layers.0[0].1.named().next(), Some(("grad_norm", 1.0)));
        assert!(line.layers.0[0].1.values.is_none() && line.attention.is_empty());
        let new = r#"{"event":"layers","step":5,"layers":{"a":{"grad_norm":1,"values":{"low":-1,"high":1,"counts":[1,2]},
            "gradient":{"low":0,"high":0,"counts":[3]}}},"activations":{},"attention":{"encoder.0":[0.5,0.25]},"later":[{}]}"#;
        let line: Line<'_> = serde_json::from_str(new).unwrap();
        assert!(line.layers.0[0].1.values.as_ref().unwrap().is_usable());
        assert_eq!(line.attention.0[0].1[1], Number(0.25));
        let strange: Line<'_> =
            serde_json::from_str(r#"{"event":"st\u0065p","loss":"inf","step":3}"#).unwrap();
        assert_eq!(strange.event, "step");
        assert!(strange.loss.0.is_infinite() && strange.lr.0.is_nan());
    }
}
