//! Lists of evidence as tables: one row of [`LISTS`] for each, drawn by the page and written by the card.

use plumb_ledger::Ledger;
use serde_json::Value;

use crate::format::{cut, number};

/// Lines of a list.
const LINES: usize = 50;
/// Letters of a name.
const LETTERS: usize = 80;

/// A list in the evidence of a practice.
struct List {
    practice: &'static str,
    key: &'static str,
    caption: &'static str,
    /// What the lines are called, and how they are.
    head: &'static str,
    name: Name,
    columns: &'static [Column],
    /// The place of the column that is drawn.
    drawn: Option<usize>,
}

/// How a line is named.
enum Name {
    /// By one fact.
    Of(&'static str),
    /// `column = value`, as slices and groups are.
    Slice,
}

/// What stands in a column.
enum Field {
    Word(&'static str),
    Number(&'static str),
    /// A value and the ends of its interval.
    Interval(&'static str, &'static str, &'static str),
}

use Field::{Interval, Number, Word};

/// A column: its head and what stands in it.
type Column = (&'static str, Field);

/// Columns of several lists.
const ROWS: Column = ("rows", Number("rows"));
const HOW_MANY: Column = ("how many", Number("rows"));
const ERROR: Column = ("error", Number("error"));
const OF_THE_OTHERS: Column = ("of the others", Number("error_of_the_rest"));
const PRIMARY: Column = ("primary metric", Interval("metric_value", "metric_low", "metric_high"));
const CORRECTED: Column = ("p, corrected", Number("p_adjusted"));

static LISTS: [List; 11] = [
    List {
        practice: "fairness.disparate-impact",
        key: "groups",
        caption: "How often the positive class is predicted for each group",
        head: "group",
        name: Name::Slice,
        columns: &[
            ROWS,
            ("selected", Interval("rate", "low", "high")),
            ("truly positive", Number("share_positive")),
        ],
        drawn: Some(1),
    },
    List {
        practice: "fairness.equalized-odds",
        key: "groups",
        caption: "True and false positive rates of each group",
        head: "group",
        name: Name::Slice,
        columns: &[("rate", Word("rate")), ROWS, ("share", Interval("share", "low", "high"))],
        drawn: None,
    },
    List {
        practice: "fairness.group-performance",
        key: "values",
        caption: "The error of each group beside everyone else's",
        head: "group",
        name: Name::Slice,
        columns: &[ROWS, ERROR, OF_THE_OTHERS, PRIMARY, CORRECTED],
        drawn: Some(3),
    },
    List {
        practice: "fairness.label-groups",
        key: "values",
        caption: "The error of each label in each group beside everyone else's",
        head: "group",
        name: Name::Slice,
        columns: &[("label", Word("label")), ROWS, ERROR, OF_THE_OTHERS, PRIMARY, CORRECTED],
        drawn: None,
    },
    List {
        practice: "fairness.group-calibration",
        key: "groups",
        caption: "How far what happens lies from what is predicted, by group",
        head: "group",
        name: Name::Slice,
        columns: &[
            ROWS,
            ("observed less predicted", Number("observed_minus_given")),
            ("difference to the others", Interval("difference", "low", "high")),
            CORRECTED,
        ],
        drawn: None,
    },
    List {
        practice: "evaluate.shift",
        key: "values",
        caption: "The error of each source and period beside rows with the same mix of classes",
        head: "source or period",
        name: Name::Slice,
        columns: &[
            ROWS,
            ERROR,
            ("of matched rows", Number("error_of_matched_rows")),
            ("difference of the error", Interval("difference", "low", "high")),
            CORRECTED,
        ],
        drawn: Some(3),
    },
    List {
        practice: "evaluate.input-shift",
        key: "values",
        caption: "How well the inputs tell each source and period from the others: one half is not at all",
        head: "source or period",
        name: Name::Slice,
        columns: &[ROWS, ("AUROC of telling them apart", Interval("auroc", "low", "high")), CORRECTED],
        drawn: Some(1),
    },
    List {
        practice: "evaluate.systematic-errors",
        key: "worst",
        caption: "Rows that share a value and are much worse than the rest",
        head: "rows",
        name: Name::Slice,
        columns: &[HOW_MANY, ERROR, OF_THE_OTHERS, CORRECTED],
        drawn: None,
    },
    List {
        practice: "evaluate.systematic-errors",
        key: "worst_pairs",
        caption: "Rows that share two values and are much worse than the rest",
        head: "rows",
        name: Name::Of("pair"),
        columns: &[HOW_MANY, ERROR, OF_THE_OTHERS, CORRECTED],
        drawn: None,
    },
    List {
        practice: "evaluate.conformal",
        key: "levels",
        caption: "Sets of classes, or ranges, that are to hold the truth so often",
        head: "asked for",
        name: Name::Of("level"),
        columns: &[
            ("held", Interval("covered", "low", "high")),
            ("classes in a set", Number("mean_size")),
            ("threshold", Number("threshold")),
        ],
        drawn: None,
    },
    List {
        practice: "evaluate.decision-threshold",
        key: "thresholds",
        caption: "Other thresholds, chosen on the valid part",
        head: "chosen by",
        name: Name::Of("by"),
        columns: &[
            ("threshold", Number("threshold")),
            ("value", Number("value")),
            ("from one half on", Number("at_one_half")),
            ("gain", Interval("gain", "low", "high")),
        ],
        drawn: None,
    },
];

/// A list of evidence, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceTable {
    /// The practice whose evidence it is.
    pub practice: &'static str,
    /// What it shows.
    pub caption: &'static str,
    /// The heads of its columns; the first is that of the names.
    pub head: Vec<&'static str>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// What is drawn of it; none where it is a table alone.
    pub drawn: Option<&'static str>,
    /// How many lines were left out.
    pub left_out: usize,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// The same in few letters: of a combination the values alone.
    pub short: String,
    /// Its cells.
    pub cells: Vec<String>,
    /// The value that is drawn, with its ends.
    pub interval: Option<(f64, f64, f64)>,
}

/// The lists that the ledger has anything in.
pub fn tables(ledger: &Ledger) -> Vec<EvidenceTable> {
    LISTS.iter().filter_map(|list| list.table(ledger)).collect()
}

impl List {
    fn table(&self, ledger: &Ledger) -> Option<EvidenceTable> {
        let all = ledger.get(self.practice)?.evidence.get(self.key)?.as_array()?;
        let lines: Vec<Line> = all.iter().take(LINES).map(|item| self.line(item)).collect();
        let head = std::iter::once(self.head).chain(self.columns.iter().map(|(head, _)| *head)).collect();
        let drawn = self.drawn.map(|at| self.columns[at].0);
        (!lines.is_empty()).then(|| EvidenceTable {
            practice: self.practice,
            caption: self.caption,
            head,
            lines,
            drawn,
            left_out: all.len().saturating_sub(LINES),
        })
    }

    fn line(&self, item: &Value) -> Line {
        let name = match self.name {
            Name::Of(key) => word(&item[key]),
            Name::Slice => format!("{} = {}", word(&item["column"]), word(&item["value"])),
        };
        let is_joined = word(&item["column"]).contains(" x ");
        let short = if is_joined { word(&item["value"]) } else { name.clone() };
        let cells = self.columns.iter().map(|(_, field)| field.text(item)).collect();
        let interval = self.drawn.and_then(|at| self.columns[at].1.interval(item));
        Line { name: cut(&name, LETTERS), short, cells, interval }
    }
}

impl Field {
    fn text(&self, item: &Value) -> String {
        match *self {
            Word(key) => cut(&word(&item[key]), LETTERS),
            Number(key) => of(item, key).map_or_else(|| "\u{2013}".to_owned(), number),
            Interval(key, low, high) => match (of(item, key), of(item, low), of(item, high)) {
                (Some(value), Some(low), Some(high)) => {
                    format!("{} ({} to {})", number(value), number(low), number(high))
                }
                (Some(value), ..) => number(value),
                _ => "\u{2013}".to_owned(),
            },
        }
    }

    fn interval(&self, item: &Value) -> Option<(f64, f64, f64)> {
        let Interval(key, low, high) = *self else { return None };
        Some((of(item, key)?, of(item, low)?, of(item, high)?))
    }
}

fn of(item: &Value, key: &str) -> Option<f64> {
    item[key].as_f64()
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(value) => value.as_f64().map_or_else(String::new, number),
        _ => String::new(),
    }
}
