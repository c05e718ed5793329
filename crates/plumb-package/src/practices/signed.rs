//! package.signed: can whoever receives the bundle tell who made it?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::PackageContext;
use crate::{SIGNATURE, SignatureState};

const PAGE: Page = Page {
    id: "package.signed",
    question: "Can whoever receives the bundle tell who made it?",
    why: "Digests inside a bundle tell damage; whoever exchanges a model exchanges its digests too. Only a signature, held against a key \
          that came another way, tells that it is the model that was measured.",
    evidence: "`model.sig`: OpenSSF Model Signing 1.0, ECDSA on P-256 over the SHA-256 of every file. The key is named by the SHA-256 of \
               its PEM.",
    thresholds: &[],
    false_alarms: "A bundle that never leaves one machine needs no signature. One that is verified without `--key` counts as unchecked \
                   although it is signed.",
    remedy: "`plumb package --new-key NAME` makes a pair of keys, `plumb package RUN --sign NAME.pem` signs, `plumb verify BUNDLE --key \
             NAME.pub` checks",
    sources: &[Source::BestPractices, Source::Paper("OpenSSF, Model Signing Specification 1.0 (2025)")],
};

pub(super) const PRACTICE: Practice<PackageContext> = Practice { page: PAGE, judge };

fn judge(context: &PackageContext) -> Judgement {
    if let Some(Err(refusal)) = &context.checked {
        if refusal.file == SIGNATURE {
            return Judgement::fail(refusal.to_string());
        }
        return Judgement::skipped(format!("the bundle was refused: {refusal}"));
    }
    match &context.signature {
        SignatureState::Holds(key) => {
            Judgement::pass("the signature holds for every file").with("key", key.as_str())
        }
        SignatureState::Unchecked => Judgement::warn("there is a signature, and no key to hold it against")
            .remedy("`plumb verify BUNDLE --key NAME.pub` checks it"),
        SignatureState::Absent => Judgement::warn("there is no signature"),
    }
}
