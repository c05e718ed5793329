//! How metrics are called in text.

/// Names that are more than their words.
const NAMES: [(&str, &str); 12] = [
    ("auroc", "AUROC"),
    ("auprc", "AUPRC"),
    ("rmse", "RMSE"),
    ("mse", "MSE"),
    ("mae", "MAE"),
    ("r2", "R²"),
    ("mcc", "MCC"),
    ("ece", "ECE"),
    ("f1", "F1"),
    ("kappa", "Cohen’s κ"),
    ("brier", "Brier score"),
    ("log_loss", "log loss"),
];

/// The metric's name in a sentence: `balanced accuracy` for `balanced_accuracy`.
pub(crate) fn in_words(metric: &str) -> String {
    let known = NAMES.iter().find(|(name, _)| *name == metric);
    known.map_or_else(|| metric.replace('_', " "), |(_, words)| (*words).to_owned())
}

/// The metric's name at the head of a line.
pub(crate) fn headed(metric: &str) -> String {
    capitalised(&in_words(metric))
}

/// The text with its first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn metrics_read_as_words() {
        assert_eq!(super::headed("balanced_accuracy"), "Balanced accuracy");
        assert_eq!(super::headed("auroc"), "AUROC");
        assert_eq!(super::headed(""), "");
    }
}
