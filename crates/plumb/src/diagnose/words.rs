//! What a verdict on another tool's log says: a headline, and a remedy in words that hold for any tool, since the
//! practices' own name keys of Plumb's jobs.

/// A practice in the words of any tool.
#[derive(Debug)]
pub(crate) struct Words {
    /// The practice.
    pub(crate) id: &'static str,
    /// What is wrong when it fails or warns.
    pub(crate) headline: &'static str,
    /// What to change.
    pub(crate) remedy: &'static str,
}

/// Every `train.*` practice; of several that fail or warn the first is the headline.
pub(crate) static WORDS: [Words; 15] = [
    Words {
        id: "train.finite",
        headline: "Not a number",
        remedy: "look at the batches of that step for extreme values, a division by 0 or a logarithm of 0; lower the learning \
                 rate; clip the gradients' norm at 1; in 16 bits, scale the loss",
    },
    Words {
        id: "train.divergence",
        headline: "Diverging",
        remedy: "lower the learning rate to a tenth, or begin with a warm-up; clip the gradients' norm at 1",
    },
    Words {
        id: "train.exploding-gradients",
        headline: "Exploding gradients",
        remedy: "clip the gradients' norm at 1; lower the learning rate; scale the inputs",
    },
    Words {
        id: "train.learning",
        headline: "Not learning",
        remedy: "check that labels belong to their inputs and that the loss reaches every layer; try to learn a single batch by \
                 heart; try rates a factor of ten apart",
    },
    Words {
        id: "train.overfitting",
        headline: "Overfitting",
        remedy: "stop where the validation loss is lowest, or keep those weights; raise dropout or weight decay; augment; get \
                 more rows; take a smaller network",
    },
    Words {
        id: "train.oscillation",
        headline: "Swinging",
        remedy: "lower the learning rate, raise the batch size, or let the rate fall by a schedule",
    },
    Words {
        id: "train.slow-convergence",
        headline: "Not yet converged",
        remedy: "train longer; raise the learning rate; let it fall to 0 at the end",
    },
    Words {
        id: "train.underfitting",
        headline: "Underfitting",
        remedy: "take a larger network, train longer, lower dropout and weight decay",
    },
    Words {
        id: "train.vanishing-gradients",
        headline: "Vanishing gradients",
        remedy: "add normalisation or skip connections; change the activation or the initialisation",
    },
    Words {
        id: "train.dead-units",
        headline: "Dead units",
        remedy: "lower the learning rate; change the activation; add normalisation",
    },
    Words {
        id: "train.saturated-units",
        headline: "Saturated units",
        remedy: "lower the learning rate; scale the inputs; change the activation",
    },
    Words {
        id: "train.regularisation",
        headline: "Nothing against overfitting",
        remedy: "turn on weight decay or dropout",
    },
    Words {
        id: "train.best-weights-kept",
        headline: "Not the best weights",
        remedy: "keep the weights of the best epoch",
    },
    Words {
        id: "train.input-bound",
        headline: "Waiting for batches",
        remedy: "load with more workers, or store the data in a faster format",
    },
    Words {
        id: "train.reproducible",
        headline: "Not reproducible",
        remedy: "seed every generator, and turn on the deterministic algorithms of the framework",
    },
];

/// The words for a practice.
pub(crate) fn of(id: &str) -> Option<&'static Words> {
    WORDS.iter().find(|words| words.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_practice_of_training_has_words() {
        for practice in plumb_learn::watch::PRACTICES {
            let words = of(practice.page.id).unwrap();
            assert!(!words.remedy.contains('`'), "{} names a key of Plumb's", words.id);
        }
        assert_eq!(WORDS.len(), plumb_learn::watch::PRACTICES.len());
    }
}
