//! What a section is made of: plain data that the templates lay out.

use serde::Serialize;

use super::charts::{Figure, Markup};
use super::text::Span;

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Block {
    /// A paragraph.
    Text {
        /// Its text.
        text: String,
    },
    /// Charts side by side.
    Figures {
        /// The charts.
        figures: Vec<Figure>,
    },
    /// A table.
    Table(Table),
    /// A text file.
    Code {
        /// Its lines.
        lines: Vec<String>,
    },
    /// Verdicts of one kind.
    Verdicts(Verdicts),
    /// Texts with their words marked.
    Texts {
        /// The texts.
        texts: Vec<ReadText>,
    },
}

/// A text whose words are marked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ReadText {
    /// What it is.
    pub(crate) heading: String,
    /// Its words.
    pub(crate) words: Vec<Word>,
}

/// A marked word, or a part of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Word {
    /// The blanks before it.
    pub(crate) before: String,
    /// What stands there.
    pub(crate) text: String,
    /// The class that marks it.
    pub(crate) class: String,
}

impl Block {
    /// A paragraph.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The charts that could be drawn; no block when there is none.
    pub(crate) fn figures(figures: impl IntoIterator<Item = Option<Figure>>) -> Option<Self> {
        let figures: Vec<Figure> = figures.into_iter().flatten().collect();
        (!figures.is_empty()).then_some(Self::Figures { figures })
    }
}

/// A table with a caption.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Table {
    /// What it shows.
    pub(crate) caption: String,
    /// The column heads.
    pub(crate) head: Vec<String>,
    /// The rows; the first cell of each heads its row.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// The words by which it is unfolded; `None` when it stands open.
    pub(crate) fold: Option<String>,
}

impl Table {
    /// A table that stands open.
    pub(crate) fn new(caption: impl Into<String>, head: &[&str], rows: Vec<Vec<Cell>>) -> Self {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        Self { caption: caption.into(), head, rows, fold: None }
    }

    /// The same table, folded away under these words.
    pub(crate) fn folded(self, words: impl Into<String>) -> Self {
        Self { fold: Some(words.into()), ..self }
    }
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Cell {
    /// A word or a sentence.
    Text {
        /// The text.
        text: String,
    },
    /// A number, to be aligned at its end.
    Number {
        /// The number as text.
        text: String,
    },
    /// A small drawing; `None` leaves the cell empty.
    Drawing {
        /// The drawing.
        drawing: Option<Markup>,
    },
}

impl Cell {
    /// A word or a sentence.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A number.
    pub(crate) fn number(text: impl Into<String>) -> Self {
        Self::Number { text: text.into() }
    }
}

/// Verdicts of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Verdicts {
    /// `fail`, `warn`, `skipped` or `pass`.
    pub(crate) verdict: &'static str,
    /// What they are, with their count.
    pub(crate) heading: String,
    /// Whether the list is folded away: what holds is not read line by line.
    pub(crate) folded: bool,
    /// The verdicts.
    pub(crate) entries: Vec<VerdictLine>,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct VerdictLine {
    /// The practice.
    pub(crate) id: String,
    /// What was found.
    pub(crate) summary: Vec<Span>,
    /// What to change; empty where nothing is to be changed.
    pub(crate) remedy: Vec<Span>,
    /// The facts, as name and text.
    pub(crate) evidence: Vec<(String, String)>,
}
