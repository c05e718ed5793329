//! Training pictures as the network sees them.

use plumb_ledger::Seed;

use super::{Group, Shown, View, shown};

/// Pictures, and how often each is changed.
const PICTURES: usize = 4;
const CHANGES: u64 = 5;

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let (Some(images), train) = (&view.setup.ready.train.images, &view.setup.plan.train) else {
        return Vec::new();
    };
    let stream = Seed(train.seed).stream("previews");
    let rows = stream.permutation(view.setup.ready.train.rows);
    let of_row = |&row: &u32| -> Vec<Shown> {
        let Some(picture) = images.picture(row) else { return Vec::new() };
        let class =
            view.setup.ready.train_rows.get(row as usize).map_or_else(String::new, |&row| view.class(row));
        let plain = shown(&images.encoding.picture(picture.clone()), class, "as it is".to_owned());
        let changed = (0..CHANGES).map(|change| {
            let stream = stream.at(u64::from(row)).at(change);
            let changed = train.augmentation.apply(picture.clone(), &images.encoding, stream);
            shown(&changed, String::new(), format!("changed {}", change + 1))
        });
        std::iter::once(plain).chain(changed).collect()
    };
    let pictures = rows.iter().take(PICTURES).flat_map(of_row).collect();
    let caption = "Each row is one picture as it is and as training changes it: a change that makes another class of it is too strong.";
    vec![Group::new("Training pictures, changed", caption, pictures)]
}
