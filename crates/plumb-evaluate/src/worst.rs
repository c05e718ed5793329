//! The predictions with the largest loss, with their rows: `worst.json`.

use plumb_data::pictures::png;
use plumb_data::{Table, Target};
use plumb_ledger::base64;
use serde::Serialize;

use crate::scored::{Scored, Truth};

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorstRow {
    /// Its number in the table, from 0.
    pub row: u32,
    /// What is true.
    pub target: String,
    /// What was predicted.
    pub prediction: String,
    /// The probability that was given to the truth; none for regression.
    pub probability: Option<f64>,
    /// Its loss: `-ln p(true class)`, or the absolute residual.
    pub loss: f64,
    /// Its cells as text, a missing one empty.
    pub cells: Vec<String>,
    /// Its picture, a PNG file in Base64; none for tables without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// The worst rows, the worst first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WorstRows {
    /// The names of the columns of `cells`.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<WorstRow>,
}

/// The longer side of a picture that is shown.
const PICTURE: usize = 112;

/// Columns that are shown: a row of more cannot be read.
const COLUMNS: usize = 50;

impl WorstRows {
    /// The `keep` rows with the largest loss; among equals the earlier row.
    pub(crate) fn new(scored: &Scored, table: &Table, target: &Target, keep: usize) -> Self {
        let losses = scored.losses();
        let mut order: Vec<usize> = (0..losses.len()).collect();
        order.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
        let columns: Vec<&plumb_data::Column> =
            table.columns().iter().filter(|column| column.name != target.name).take(COLUMNS).collect();
        let predicted = scored.outcome().predicted_classes();
        let class = |code: u32| target.classes.get(code as usize).cloned().unwrap_or_default();
        let images = table.columns().iter().find_map(|column| column.images());
        let row = |&place: &usize| {
            let number = scored.rows[place];
            let (truth, prediction, probability) = match &scored.truth {
                Truth::Classes(truth) => {
                    let code = truth[place];
                    let p = scored.predicted[place * scored.width + code as usize];
                    (class(code), class(predicted[place]), Some(p))
                }
                Truth::Numbers(truth) => {
                    (truth[place].to_string(), scored.predicted[place].to_string(), None)
                }
            };
            let cells = columns.iter().map(|column| column.display(number as usize)).collect();
            let picture = images.and_then(|images| images.set.get(number as usize));
            let picture = picture.map(|picture| base64(&png(&picture, PICTURE)));
            WorstRow {
                picture,
                row: number,
                target: truth,
                prediction,
                probability,
                loss: losses[place],
                cells,
            }
        };
        let rows = order.iter().take(keep).map(row).collect();
        Self { columns: columns.iter().map(|column| column.name.clone()).collect(), rows }
    }
}
