//! `preflight.tokens-kept`: do the tokens hold what the texts say?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const LOST: Threshold = Threshold {
    name: "share of tokens cut off that warns",
    value: 0.2,
    reason: "what 95 % of the texts need is kept by default; a fifth is lost where texts are longer than the network is made for",
};
const UNKNOWN: Threshold = Threshold {
    name: "share of unknown tokens that warns",
    value: 0.02,
    reason: "one word in fifty, which readers still guess",
};
const UNREADABLE: Threshold = Threshold {
    name: "share of unknown tokens that fails",
    value: 0.2,
    reason: "the vocabulary is of another language or script",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.tokens-kept",
        question: "Do the tokens hold what the texts say?",
        why: "What is cut off, or stands for no known token, is not there for the network, and nobody sees it missing. A \
              vocabulary of another language knows next to nothing.",
        evidence: "Of at most 2,000 train rows: how many are cut, the share of their tokens that is cut off, and the share that \
                   stands for something unknown.",
        thresholds: &[LOST, UNKNOWN, UNREADABLE],
        false_alarms: "Texts whose beginning says it all: news, mails with a long quotation below.",
        remedy: "Set `prepare.tokens` higher (time grows at least in proportion), split long texts, or give a vocabulary \
                 that fits: `prepare.pieces = \"bpe\"`, or an encoder that was trained on the language.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(count) = context.tokens.filter(|count| count.tokens > 0) else {
        return Judgement::skipped("the inputs hold no texts");
    };
    let share = |tokens: usize| tokens as f64 / count.tokens as f64;
    let (lost, unknown) = (share(count.lost), share(count.unknown));
    let cut = count.cut_rows as f64 / count.rows.max(1) as f64;
    let judged = if unknown >= UNKNOWN.value {
        let summary = format!("{:.1} % of the tokens are unknown to the vocabulary", 100.0 * unknown);
        if unknown >= UNREADABLE.value { Judgement::fail(summary) } else { Judgement::warn(summary) }
    } else {
        let summary =
            format!("{:.1} % of the rows are cut, {:.1} % of all tokens are lost", 100.0 * cut, 100.0 * lost);
        if lost >= LOST.value { Judgement::warn(summary) } else { Judgement::pass(summary) }
    };
    judged
        .with("rows", count.rows)
        .with("length", count.length)
        .with("cut_rows", count.cut_rows)
        .with("tokens", count.tokens)
        .with("lost_share", lost)
        .with("unknown_share", unknown)
}
