//! Which columns of a table are predictions, by their names.

use plumb_data::{Table, Target};

/// Before the name of a class: its probability.
const OF_CLASS: [&str; 7] = ["p_", "prob_", "proba_", "probability_", "score_", "pred_", "prediction_"];
/// The probability of the positive of two classes.
const OF_POSITIVE: [&str; 9] =
    ["p", "prob", "proba", "probability", "score", "y_score", "y_prob", "y_proba", "pred_proba"];
/// The predicted class or number.
const PREDICTED: [&str; 8] =
    ["prediction", "predicted", "predictions", "pred", "y_pred", "yhat", "y_hat", "predicted_label"];

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A probability for each class: the place of its column, in the order of the classes of the target.
    Probabilities(Vec<usize>),
    /// The probability of the positive class.
    Positive(usize),
    /// The predicted class or number.
    Predicted(usize),
}

impl Found {
    /// The places of the columns.
    pub(super) fn places(&self) -> &[usize] {
        match self {
            Self::Probabilities(places) => places,
            Self::Positive(place) | Self::Predicted(place) => std::slice::from_ref(place),
        }
    }
}

/// Every column that may be a prediction, whether it is taken or not: none of them is an input.
pub(super) fn suspects(table: &Table, target: &Target) -> Vec<usize> {
    let is_suspect = |name: &str| {
        let name = name.to_lowercase();
        let of_class = |class: &String| {
            OF_CLASS.iter().any(|prefix| name == format!("{prefix}{}", class.to_lowercase()))
        };
        PREDICTED.contains(&name.as_str())
            || OF_POSITIVE.contains(&name.as_str())
            || target.classes.iter().any(of_class)
    };
    let places = table.names().enumerate().filter(|(_, name)| *name != target.name && is_suspect(name));
    places.map(|(place, _)| place).collect()
}

/// The predictions among the columns: probabilities before a class or a number; `named` decides where it is given. None when no name
/// says so.
pub(super) fn find(table: &Table, target: &Target, named: Option<&str>) -> Option<Found> {
    let place = |wanted: &str| table.names().position(|name| name == wanted && name != target.name);
    if let Some(name) = named {
        let place = place(name)?;
        let is_score = target.classes.len() == 2 && is_share(table, place);
        return Some(if is_score { Found::Positive(place) } else { Found::Predicted(place) });
    }
    let lower =
        |wanted: &str| table.names().position(|name| name.to_lowercase() == wanted && name != target.name);
    let of_class = |class: &String| {
        let named = OF_CLASS.iter().find_map(|prefix| place(&format!("{prefix}{class}")));
        named.or_else(|| place(class)).filter(|place| is_number(table, *place))
    };
    let of_classes: Option<Vec<usize>> = target.classes.iter().map(of_class).collect();
    if let Some(places) = of_classes.filter(|places| !places.is_empty()) {
        return Some(Found::Probabilities(places));
    }
    let positive = target.classes.get(1).filter(|_| target.classes.len() == 2);
    let positive = positive.and_then(of_class).or_else(|| {
        let any = OF_POSITIVE.iter().find_map(|name| lower(name));
        any.filter(|place| target.classes.len() == 2 && is_number(table, *place))
    });
    if let Some(place) = positive {
        return Some(Found::Positive(place));
    }
    let place = PREDICTED.iter().find_map(|name| lower(name))?;
    let is_score = target.classes.len() == 2 && is_share(table, place) && !is_label(table, target, place);
    Some(if is_score { Found::Positive(place) } else { Found::Predicted(place) })
}

fn is_number(table: &Table, place: usize) -> bool {
    table.columns()[place].numbers().is_some()
}

/// Whether all its values are between 0 and 1.
fn is_share(table: &Table, place: usize) -> bool {
    let numbers = table.columns()[place].numbers();
    numbers.is_some_and(|numbers| numbers.iter().flatten().all(|value| (0.0..=1.0).contains(&value)))
}

/// Whether every value is the name of a class.
fn is_label(table: &Table, target: &Target, place: usize) -> bool {
    let column = &table.columns()[place];
    (0..column.len()).all(|row| column.is_missing(row) || target.classes.contains(&column.display(row)))
}

#[cfg(test)]
mod tests {
    use plumb_data::{Column, Kind};

    use super::*;

    fn table(columns: &[(&str, &[f64])]) -> Table {
        let column = |(name, values): &(&str, &[f64])| {
            Column::number(name, Kind::Number, values.iter().map(|value| Some(*value)))
        };
        Table::new(columns.iter().map(column).collect()).unwrap()
    }

    fn found(columns: &[(&str, &[f64])], target: &str, named: Option<&str>) -> Option<Found> {
        let table = table(columns);
        find(&table, &Target::of(&table, target, None).unwrap(), named)
    }

    const Y: (&str, &[f64]) = ("y", &[0.0, 1.0, 1.0]);
    const SHARE: &[f64] = &[0.1, 0.9, 0.4];
    const LABEL: &[f64] = &[0.0, 1.0, 0.0];
    const SIZE: &[f64] = &[5.5, 7.25, -1.0];

    #[test]
    fn names_tell_what_a_column_is() {
        assert_eq!(
            found(&[Y, ("p_1", SHARE), ("p_0", SHARE)], "y", None),
            Some(Found::Probabilities(vec![2, 1]))
        );
        assert_eq!(found(&[Y, ("proba_1", SHARE)], "y", None), Some(Found::Positive(1)));
        assert_eq!(found(&[Y, ("Score", SHARE)], "y", None), Some(Found::Positive(1)));
        assert_eq!(found(&[Y, ("y_pred", LABEL)], "y", None), Some(Found::Predicted(1)));
        assert_eq!(found(&[Y, ("y_pred", SHARE)], "y", None), Some(Found::Positive(1)));
        assert_eq!(found(&[("t", SIZE), ("prediction", SIZE)], "t", None), Some(Found::Predicted(1)));
        assert_eq!(found(&[Y, ("lgbm", SHARE)], "y", None), None);
        assert_eq!(found(&[Y, ("lgbm", SHARE)], "y", Some("lgbm")), Some(Found::Positive(1)));
        assert_eq!(found(&[Y, ("lgbm", SHARE)], "y", Some("other")), None);
    }

    #[test]
    fn predictions_are_no_inputs_whether_they_are_taken_or_not() {
        let table = table(&[Y, ("p_0", SHARE), ("p_1", SHARE), ("prediction", LABEL), ("age", SIZE)]);
        assert_eq!(suspects(&table, &Target::of(&table, "y", None).unwrap()), [1, 2, 3]);
    }
}
