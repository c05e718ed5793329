//! The pictures of a column, decoded once and held at the size that training needs at most.

use std::fmt;

use plumb_ledger::digest::xxh3;

use super::{Channels, Filter, Picture, Rect, resize};

/// Decoded pictures, one after the other in one stretch of memory.
#[derive(Default)]
pub struct PictureSet {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    width: usize,
    height: usize,
    channels: Channels,
    digest: u64,
    thumbnail: Thumbnail,
}

/// Brightness in 8 x 8 fields, row by row: what simple models and searches for copies see of a picture.
pub type Thumbnail = [u8; THUMBNAIL * THUMBNAIL];

/// Fields of a side.
pub const THUMBNAIL: usize = 8;

fn thumbnail(picture: &Picture) -> Thumbnail {
    let whole = Rect::whole(picture.width(), picture.height());
    let grey = resize(&picture.grey(), whole, THUMBNAIL, THUMBNAIL, Filter::Box);
    std::array::from_fn(|field| grey.pixels()[field])
}

impl fmt::Debug for PictureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PictureSet({} pictures, {} bytes)", self.len(), self.bytes.len())
    }
}

impl PictureSet {
    /// Adds a picture at the end.
    pub fn push(&mut self, picture: &Picture) {
        self.entries.push(Entry {
            start: self.bytes.len(),
            width: picture.width(),
            height: picture.height(),
            channels: picture.channels(),
            digest: xxh3(picture.pixels()),
            thumbnail: thumbnail(picture),
        });
        self.bytes.extend_from_slice(picture.pixels());
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all pixels.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// A copy of a picture; none past the end.
    pub fn get(&self, index: usize) -> Option<Picture> {
        let entry = self.entries.get(index)?;
        let end = entry.start + entry.width * entry.height * entry.channels.count();
        Picture::new(entry.width, entry.height, entry.channels, self.bytes[entry.start..end].to_vec())
    }

    /// A digest of the pixels of a picture, equal for equal pixels; none past the end.
    pub fn digest(&self, index: usize) -> Option<u64> {
        self.entries.get(index).map(|entry| entry.digest)
    }

    /// The thumbnail of a picture; none past the end.
    pub fn thumbnail(&self, index: usize) -> Option<&Thumbnail> {
        self.entries.get(index).map(|entry| &entry.thumbnail)
    }

    /// Width and height of a picture; none past the end.
    pub fn extents(&self, index: usize) -> Option<(usize, usize)> {
        self.entries.get(index).map(|entry| (entry.width, entry.height))
    }

    /// What the pixels of a picture are made of; none past the end.
    pub fn channels(&self, index: usize) -> Option<Channels> {
        self.entries.get(index).map(|entry| entry.channels)
    }
}

impl FromIterator<Picture> for PictureSet {
    fn from_iter<I: IntoIterator<Item = Picture>>(pictures: I) -> Self {
        let mut set = Self::default();
        pictures.into_iter().for_each(|picture| set.push(&picture));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_as_they_went_in() {
        let grey = Picture::new(2, 1, Channels::Grey, vec![1, 2]).unwrap();
        let rgb = Picture::new(1, 2, Channels::Rgb, vec![3, 4, 5, 6, 7, 8]).unwrap();
        let set: PictureSet = [grey.clone(), rgb.clone()].into_iter().collect();
        assert_eq!((set.len(), set.bytes()), (2, 8));
        assert_eq!([set.get(0).unwrap(), set.get(1).unwrap()], [grey, rgb]);
        assert_eq!((set.extents(1), set.channels(0)), (Some((1, 2)), Some(Channels::Grey)));
        assert!(set.get(2).is_none());
    }
}
