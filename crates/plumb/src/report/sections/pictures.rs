//! The pictures that a person should see: copies, odd ones, changed ones, confused ones, what the network looks at.

use crate::report::RunFiles;
use crate::report::charts::pictures::{Picture, draw};
use crate::report::charts::{Figure, plane};
use crate::report::files::gallery::{Group, Plane, Shown};
use crate::report::view::Block;

/// One figure for each group.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let groups = folder.gallery.iter().flat_map(|gallery| &gallery.groups);
    let plane = folder.gallery.iter().filter_map(|gallery| gallery.plane.as_ref()).map(points);
    groups.map(figure).chain(plane).filter_map(|figure| Block::figures([figure])).collect()
}

fn points(plane: &Plane) -> Option<Figure> {
    let points: Vec<(f64, f64)> = plane.points.iter().map(|[x, y]| (x.0, y.0)).collect();
    plane::draw(&points, &plane.truth, &plane.predicted, &plane.classes)
}

fn figure(group: &Group) -> Option<Figure> {
    fn picture(shown: &Shown) -> Picture<'_> {
        let tip = format!("{} {}", shown.first, shown.second);
        Picture { png: &shown.png, first: shown.first.clone(), second: shown.second.clone(), tip }
    }
    let pictures: Vec<Picture<'_>> = group.pictures.iter().map(picture).collect();
    draw(&group.title, &group.caption, group.across, &pictures)
}
