//! A practice: one question of good work, its documentation and the function that answers it.

use std::fmt::Write as _;

use crate::Judgement;

/// Where a practice comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// "Deep learning best practices", the text Plumb was built after.
    BestPractices,
    /// A. Karpathy, "A Recipe for Training Neural Networks" (2019).
    Recipe,
    /// Google, "Deep Learning Tuning Playbook" (2023).
    TuningPlaybook,
    /// Breck et al., "The ML Test Score" (2017).
    TestScore,
    /// A paper or page, as a citation.
    Paper(&'static str),
}

impl Source {
    /// The citation.
    pub fn cite(self) -> &'static str {
        match self {
            Self::BestPractices => "Deep learning best practices (2025)",
            Self::Recipe => "Karpathy, A Recipe for Training Neural Networks (2019)",
            Self::TuningPlaybook => "Google, Deep Learning Tuning Playbook (2023)",
            Self::TestScore => "Breck et al., The ML Test Score (2017)",
            Self::Paper(citation) => citation,
        }
    }
}

/// A constant that decides a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// What is compared with it.
    pub name: &'static str,
    /// The value itself.
    pub value: f64,
    /// Why this value.
    pub reason: &'static str,
}

/// The documentation of a practice: what `plumb practices ID` prints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Page {
    /// Stable, never reused: `data.duplicates`.
    pub id: &'static str,
    /// The question it asks, one sentence with a question mark.
    pub question: &'static str,
    /// Why a practitioner should care.
    pub why: &'static str,
    /// What it looks at and what it writes down.
    pub evidence: &'static str,
    /// The constants that decide.
    pub thresholds: &'static [Threshold],
    /// When it is wrong, and how to tell.
    pub false_alarms: &'static str,
    /// What to change: the job key or the command.
    pub remedy: &'static str,
    /// Where it comes from.
    pub sources: &'static [Source],
}

impl Page {
    /// The page as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = format!("# {}\n\n{}\n\n", self.id, self.question);
        for (title, text) in [("Why", self.why), ("Evidence", self.evidence)] {
            section(&mut page, title, text);
        }
        if !self.thresholds.is_empty() {
            let lines: Vec<String> =
                self.thresholds.iter().map(|t| format!("- {}: {} ({})", t.name, t.value, t.reason)).collect();
            section(&mut page, "Thresholds", &lines.join("\n"));
        }
        section(&mut page, "Known false alarms", self.false_alarms);
        section(&mut page, "Remedy", self.remedy);
        let sources: Vec<String> = self.sources.iter().map(|s| format!("- {}", s.cite())).collect();
        section(&mut page, "Sources", &sources.join("\n"));
        page.truncate(page.trim_end().len());
        page.push('\n');
        page
    }
}

fn section(page: &mut String, title: &str, text: &str) {
    // Writing to a `String` cannot fail.
    let _infallible = write!(page, "## {title}\n\n{text}\n\n");
}

/// A practice over a context `C`: for example an audited table, or a model before training.
pub struct Practice<C> {
    /// Its documentation.
    pub page: Page,
    /// Answers the question. Never panics, whatever the context holds.
    pub judge: fn(&C) -> Judgement,
}

impl<C> std::fmt::Debug for Practice<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Practice").field(&self.page.id).finish()
    }
}

/// What is wrong with a table of pages, if anything: the check each crate's conformance test runs on its own.
pub fn faults<'a>(pages: impl IntoIterator<Item = &'a Page>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for page in pages {
        let mut fault = |what: &str| faults.push(format!("{}: {what}", page.id));
        if !seen.insert(page.id) {
            fault("the id stands twice");
        }
        let legal = |c: char| c.is_ascii_lowercase() || c == '-' || c == '.';
        if page.id.matches('.').count() != 1 || !page.id.chars().all(legal) {
            fault("the id is not `stage.name` in lower case");
        }
        if !page.question.ends_with('?') {
            fault("the question does not end in a question mark");
        }
        let texts = [page.why, page.evidence, page.false_alarms, page.remedy];
        if texts.iter().any(|text| text.trim().is_empty()) || page.sources.is_empty() {
            fault("a section is empty");
        }
        if page.thresholds.iter().any(|t| t.reason.is_empty() || t.value.is_nan()) {
            fault("a threshold has no reason or no value");
        }
    }
    faults
}
