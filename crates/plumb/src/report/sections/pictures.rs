//! The pictures that a person should see: copies, odd ones, changed ones, confused ones, what the network looks at.

use crate::report::RunFiles;
use crate::report::charts::pictures::{Picture, draw};
use crate::report::files::gallery::{Group, Shown};
use crate::report::view::Block;

/// One figure for each group.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let groups = folder.gallery.iter().flat_map(|gallery| &gallery.groups);
    groups.filter_map(|group| Block::figures([figure(group)])).collect()
}

fn figure(group: &Group) -> Option<crate::report::charts::Figure> {
    fn picture(shown: &Shown) -> Picture<'_> {
        let tip = format!("{} {}", shown.first, shown.second);
        Picture { png: &shown.png, first: shown.first.clone(), second: shown.second.clone(), tip }
    }
    let pictures: Vec<Picture<'_>> = group.pictures.iter().map(picture).collect();
    draw(&group.title, &group.caption, &pictures)
}
