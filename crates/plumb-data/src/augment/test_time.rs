//! Test-time augmentation: a picture seen in a few fixed ways, whose predictions the caller averages.

use crate::pictures::Picture;

use super::window::Window;

/// How far a view is shifted, in pixels: half of what a padded crop of a small picture was trained on.
const SHIFT: isize = 2;

/// One way to look at a picture; extents stay, edges are mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// What it shows.
    pub name: &'static str,
    /// Whether letters can be read in it.
    pub keeps_text: bool,
    window: Window,
}

/// The views in the order in which they should be taken when there is time for some only.
pub const VIEWS: [View; 6] = [
    View { name: "as it is", keeps_text: true, window: window(0, 0, false) },
    View { name: "mirrored", keeps_text: false, window: window(0, 0, true) },
    View { name: "shifted left", keeps_text: true, window: window(SHIFT, 0, false) },
    View { name: "shifted right", keeps_text: true, window: window(-SHIFT, 0, false) },
    View { name: "shifted up", keeps_text: true, window: window(0, SHIFT, false) },
    View { name: "shifted down", keeps_text: true, window: window(0, -SHIFT, false) },
];

const fn window(left: isize, top: isize, mirrored: bool) -> Window {
    Window { left, top, mirrored, upturned: false }
}

impl View {
    /// What the view shows of a picture. One pass.
    pub fn of(&self, picture: &Picture) -> Picture {
        self.window.of(picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::Channels;

    #[test]
    fn each_view_is_what_its_name_says() {
        let picture = Picture::new(4, 1, Channels::Grey, vec![1, 2, 3, 4]).unwrap();
        let row = VIEWS.map(|view| view.of(&picture).pixels().to_vec());
        assert_eq!(row[0], [1, 2, 3, 4]);
        assert_eq!(row[1], [4, 3, 2, 1]);
        assert_eq!(row[2], [3, 4, 3, 2]);
        assert_eq!(row[3], [3, 2, 1, 2]);
        let column = Picture::new(1, 4, Channels::Grey, vec![1, 2, 3, 4]).unwrap();
        let row = VIEWS.map(|view| view.of(&column).pixels().to_vec());
        assert_eq!([&row[4], &row[5]], [&[3, 4, 3, 2], &[3, 2, 1, 2]]);
    }

    #[test]
    fn views_are_not_each_other() {
        let pixels = (0..64).map(|i| i as u8).collect();
        let picture = Picture::new(8, 8, Channels::Grey, pixels).unwrap();
        let seen = VIEWS.map(|view| view.of(&picture).pixels().to_vec());
        for (index, one) in seen.iter().enumerate() {
            assert!(seen[..index].iter().all(|other| other != one), "{}", VIEWS[index].name);
        }
        assert!(VIEWS.iter().all(|view| view.keeps_text != (view.name == "mirrored")));
    }
}
