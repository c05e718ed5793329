//! What a training may use and can do without: one row each.

use crate::job::{Augment, Auto, ClassWeights, JobFile, Mitigation, Sampling};

/// A practice that can be left out.
#[derive(Debug)]
pub(super) struct Ablation {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it is there for.
    pub(super) why: &'static str,
    /// Takes it out of a settled job; false where the job does not use it.
    pub(super) leave_out: fn(&mut JobFile) -> bool,
}

/// Every practice. Another seed is none of them: it parts the rows anew, so the runs would share few; `train.seeds` keeps the parts.
pub(super) static ABLATIONS: [Ablation; 11] = [
    Ablation {
        name: "pretrained weights",
        why: "features that were learned on other data",
        leave_out: |job| job.model.pretrained.take().is_some(),
    },
    Ablation {
        name: "augmentation",
        why: "changed pictures and texts, so that what may change does not count",
        leave_out: |job| {
            let of = &mut job.prepare;
            let changes = !matches!(of.augment, Augment::None | Augment::Auto);
            let used = changes || !of.words.is_empty() || !of.operations.is_empty();
            of.augment = Augment::None;
            (of.words, of.operations) = (Vec::new(), Vec::new());
            used
        },
    },
    Ablation {
        name: "mixing",
        why: "mixtures of two pictures (MixUp, CutMix)",
        leave_out: |job| off(&mut job.prepare.mixup) | off(&mut job.prepare.cutmix),
    },
    Ablation {
        name: "dropout",
        why: "units left out at random, against overfitting",
        leave_out: |job| auto_off(&mut job.model.dropout),
    },
    Ablation {
        name: "weight decay",
        why: "weights pulled to 0, against overfitting",
        leave_out: |job| auto_off(&mut job.train.weight_decay),
    },
    Ablation {
        name: "label smoothing",
        why: "labels a little less than certain, against overconfidence",
        leave_out: |job| auto_off(&mut job.train.label_smoothing),
    },
    Ablation {
        name: "moving average",
        why: "weights averaged over the last steps",
        leave_out: |job| auto_off(&mut job.train.ema),
    },
    Ablation {
        name: "class weights",
        why: "rare classes counted more",
        leave_out: |job| {
            let weighted = matches!(job.train.class_weights, Auto::Value(ClassWeights::Balanced));
            let balanced = job.train.sampling == Sampling::Balanced;
            job.train.class_weights = Auto::Value(ClassWeights::None);
            job.train.sampling = Sampling::default();
            weighted || balanced
        },
    },
    Ablation {
        name: "mitigation",
        why: "groups weighted or held together, against differences between them",
        leave_out: |job| std::mem::take(&mut job.train.mitigation) != Mitigation::None,
    },
    Ablation {
        name: "teacher",
        why: "what a trained model says of the rows, beside the labels",
        leave_out: |job| job.train.teacher.take().is_some(),
    },
    Ablation {
        name: "clipping",
        why: "gradients held at a length, against jumps",
        leave_out: |job| auto_off(&mut job.train.clip_norm),
    },
];

/// Sets a share to 0; whether it was more.
fn off(value: &mut f64) -> bool {
    let was = *value > 0.0;
    *value = 0.0;
    was
}

/// The same for a settled value.
fn auto_off(value: &mut Auto<f64>) -> bool {
    let was = value.value().is_some_and(|value| value > 0.0);
    *value = Auto::Value(0.0);
    was
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_does_not_use_is_not_left_out() {
        let mut job =
            crate::job::with_overrides(&["model.dropout=0.2".to_owned(), "prepare.mixup=0.3".to_owned()])
                .unwrap();
        job.train.weight_decay = Auto::Value(0.0);
        let used = |name: &str| {
            let mut without = job.clone();
            let of = ABLATIONS.iter().find(|of| of.name == name).unwrap();
            ((of.leave_out)(&mut without), without)
        };
        let (is_used, without) = used("dropout");
        assert!(is_used && without.model.dropout == Auto::Value(0.0));
        let (is_used, without) = used("mixing");
        assert!(is_used && without.prepare.mixup <= 0.0);
        for name in ["weight decay", "pretrained weights", "class weights"] {
            assert!(!used(name).0, "{name}");
        }
        let names: std::collections::BTreeSet<&str> = ABLATIONS.iter().map(|of| of.name).collect();
        assert_eq!(names.len(), ABLATIONS.len());
    }
}
