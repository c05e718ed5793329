//! Does the model card say what its readers need to know?

use plumb_ledger::{Judgement, Page, Practice, Source};

use crate::record::METRICS;
use crate::{Record, Said};

/// The practice of the model card.
pub static PRACTICES: &[Practice<Documented>] = &[Practice { page: PAGE, judge }];

const PAGE: Page = Page {
    id: "package.documented",
    question: "Does the model card say what the model is for, where it falls short, and how good it is, with intervals and by group?",
    why: "Whoever deploys a model has not seen its training. What its card leaves out is guessed, and the guess is that it works everywhere.",
    evidence: "The card's entries, one by one: those that only a person can fill (intended use, users, out of scope, limits, data, licence, contact, languages of texts) and those that the run's files fill (metrics with intervals on rows that the model has not seen, baselines, groups of people, the data's digest). Without an intended use, limits or an interval of the main metric it fails; without another entry it warns.",
    thresholds: &[],
    false_alarms: "That an entry is filled does not say that it is true or complete: nobody but a person can judge that. Where rows are not about people, `card.no_groups` says so and groups are not asked for.",
    remedy: "fill in `[card]` in the job, or give `plumb package` a file with the same keys by `--card`; `plumb explain-key card` lists them",
    sources: &[
        Source::BestPractices,
        Source::TestScore,
        Source::Paper("Mitchell et al., Model cards for model reporting (2019)"),
    ],
};

/// The entries of a card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Documented {
    /// Each with whether it is there.
    pub entries: Vec<Entry>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub name: &'static str,
    /// Where it is said: a key of `[card]`, a key of the job, or a command.
    pub said_by: &'static str,
    /// Whether the card has it.
    pub is_there: bool,
    /// Whether a card without it is none.
    pub is_needed: bool,
    /// Whether only a person can fill it.
    pub by_person: bool,
}

impl Documented {
    /// The entries of the card that these make.
    pub fn of(record: &Record, said: &Said) -> Self {
        let mut entries = of_person(record, said);
        entries.extend(of_run(record, said));
        Self { entries }
    }

    fn missing(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_there)
    }
}

fn of_person(record: &Record, said: &Said) -> Vec<Entry> {
    let entry =
        |name, said_by, is_there, is_needed| Entry { name, said_by, is_there, is_needed, by_person: true };
    let text = |text: &str| !text.trim().is_empty();
    let list = |list: &[String]| list.iter().any(|item| !item.trim().is_empty());
    let mut entries = vec![
        entry("intended use", "card.intended_use", text(&said.intended_use), true),
        entry("limits", "card.limits", list(&said.limits), true),
        entry("users", "card.users", list(&said.users), false),
        entry("out of scope", "card.out_of_scope", list(&said.out_of_scope), false),
        entry("where the data comes from", "card.data", text(&said.data), false),
        entry("licence", "card.license", text(&said.license), false),
        entry("contact", "card.contact", text(&said.contact), false),
    ];
    if record.inputs().iter().any(|(_, kind)| *kind == "text") {
        entries.push(entry("languages", "card.languages", list(&said.languages), false));
    }
    entries
}

fn of_run(record: &Record, said: &Said) -> Vec<Entry> {
    let entry =
        |name, said_by, is_there, is_needed| Entry { name, said_by, is_there, is_needed, by_person: false };
    let of_primary = record.judged().into_iter().find(|figure| figure.name == record.primary());
    let is_judged = |prefix: &str| {
        record.verdicts().any(|judged| judged.entry.id.starts_with(prefix) && judged.entry.reason.is_none())
    };
    let has_baselines = record.value(METRICS)["baselines"].as_object().is_some_and(|of| !of.is_empty());
    let groups = is_judged("fairness.") || !said.no_groups.trim().is_empty();
    vec![
        entry(
            "main metric with its interval",
            "evaluate.resamples",
            of_primary.is_some_and(|of| of.interval.is_some()),
            true,
        ),
        entry("baselines", "plumb evaluate", has_baselines, false),
        entry("groups of people", "evaluate.groups", groups, false),
        entry("digest of the data", "plumb run", record.data_sha256().is_some(), false),
    ]
}

/// What only a person can say and nobody has said.
pub(crate) fn unsaid(record: &Record, said: &Said) -> Vec<&'static str> {
    of_person(record, said).iter().filter(|entry| !entry.is_there).map(|entry| entry.name).collect()
}

/// Holds the entries against what a reader needs.
pub fn judge(context: &Documented) -> Judgement {
    if context.entries.is_empty() {
        return Judgement::skipped("there is no model card");
    }
    let missing: Vec<&Entry> = context.missing().collect();
    let names: Vec<&str> = missing.iter().map(|entry| entry.name).collect();
    let all = context.entries.len();
    let text = match names.as_slice() {
        [] => format!("the card has all of its {all} entries"),
        _ => format!("the card lacks {} of {all} entries: {}", names.len(), names.join(", ")),
    };
    let judgement = if missing.iter().any(|entry| entry.is_needed) {
        Judgement::fail(text)
    } else if missing.is_empty() {
        Judgement::pass(text)
    } else {
        Judgement::warn(text)
    };
    let said_by: Vec<&str> = missing.iter().map(|entry| entry.said_by).collect();
    judgement.with("entries", all).with("missing", names).with("said_by", said_by)
}

#[cfg(test)]
mod tests {
    use plumb_ledger::{Verdict, practice};

    use super::*;
    use crate::fixture;

    #[test]
    fn the_page_is_whole_and_the_judge_always_answers() {
        assert_eq!(practice::faults(PRACTICES.iter().map(|practice| &practice.page)), Vec::<String>::new());
        assert_eq!(judge(&Documented::default()).verdict, Verdict::Skipped);
        for record in fixture::hostile() {
            let judged = judge(&Documented::of(&record, &Said::default()));
            assert_eq!(judged.verdict, Verdict::Fail, "{judged:?}");
        }
    }

    #[test]
    fn a_card_without_an_intended_use_fails_and_one_without_a_licence_warns() {
        let record = fixture::record();
        let of = |said: &Said| judge(&Documented::of(&record, said));
        let whole = fixture::said();
        assert_eq!(of(&whole).verdict, Verdict::Pass, "{:?}", of(&whole));
        let without = Said { license: " ".to_owned(), ..whole.clone() };
        assert_eq!(of(&without).verdict, Verdict::Warn);
        assert_eq!(of(&without).summary, "the card lacks 1 of 11 entries: licence");
        let without = Said { intended_use: String::new(), ..whole };
        assert_eq!(of(&without).verdict, Verdict::Fail);
    }

    #[test]
    fn groups_are_asked_for_unless_a_person_says_why_not() {
        let record = fixture::without("fairness.");
        let said = fixture::said();
        assert_eq!(judge(&Documented::of(&record, &said)).verdict, Verdict::Warn);
        let said = Said { no_groups: "the rows are flowers".to_owned(), ..said };
        assert_eq!(judge(&Documented::of(&record, &said)).verdict, Verdict::Pass);
    }

    #[test]
    fn an_interval_of_the_main_metric_is_needed() {
        let record =
            fixture::changed(METRICS, |metrics| metrics["test"]["accuracy"]["low"] = serde_json::Value::Null);
        assert_eq!(judge(&Documented::of(&record, &fixture::said())).verdict, Verdict::Fail);
    }
}
