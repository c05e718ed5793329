//! A decoded picture.

/// 8 bits a channel, rows from top to bottom, channels interleaved: `height x width x channels`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    channels: Channels,
    pixels: Vec<u8>,
}

/// What a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// One number: brightness.
    Grey,
    /// Red, green, blue.
    Rgb,
}

impl Channels {
    /// How many numbers a pixel has.
    pub const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

impl Picture {
    /// A picture of these pixels; none when their number does not fit the extents, or when an extent is 0.
    pub fn new(width: usize, height: usize, channels: Channels, pixels: Vec<u8>) -> Option<Self> {
        let wanted = width.checked_mul(height)?.checked_mul(channels.count())?;
        (wanted > 0 && pixels.len() == wanted).then_some(Self { width, height, channels, pixels })
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// What a pixel is made of.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// All bytes, `height x width x channels`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The bytes, to be changed in place.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// The pixel in column `x` of row `y`; past an edge, the nearest one inside.
    #[inline]
    pub fn pixel(&self, x: usize, y: usize) -> &[u8] {
        let count = self.channels.count();
        let at = (y.min(self.height - 1) * self.width + x.min(self.width - 1)) * count;
        &self.pixels[at..at + count]
    }

    /// The brightness of each pixel, by ITU-R 601-2 as Pillow rounds it. Copies.
    #[must_use]
    pub fn grey(&self) -> Self {
        let pixels = match self.channels {
            Channels::Grey => self.pixels.clone(),
            Channels::Rgb => self.pixels.as_chunks::<3>().0.iter().map(|&rgb| brightness(rgb)).collect(),
        };
        Self { channels: Channels::Grey, pixels, ..*self }
    }

    /// The picture with these channels, itself where it has them: its brightness, or grey three times.
    #[must_use]
    pub fn into_channels(self, channels: Channels) -> Self {
        let pixels = match (self.channels, channels) {
            (from, to) if from == to => return self,
            (Channels::Rgb, _) => return self.grey(),
            (Channels::Grey, _) => self.pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        };
        Self { channels, pixels, ..self }
    }
}

/// Pillow's `L` of an `RGB` pixel (`rgb2l` in `Convert.c`): 16-bit fixed point, rounded.
fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_bytes_must_fit() {
        assert!(Picture::new(2, 2, Channels::Rgb, vec![0; 12]).is_some());
        assert!(Picture::new(2, 2, Channels::Rgb, vec![0; 11]).is_none());
        assert!(Picture::new(0, 2, Channels::Grey, vec![]).is_none());
        assert!(Picture::new(usize::MAX, 3, Channels::Rgb, vec![]).is_none());
    }

    #[test]
    fn brightness_is_pillows() {
        // Image.new("RGB", (1, 1), (12, 200, 77)).convert("L").getpixel((0, 0)) == 130 in Pillow 13.
        let picture = Picture::new(1, 1, Channels::Rgb, vec![12, 200, 77]).unwrap();
        let grey = picture.into_channels(Channels::Grey);
        assert_eq!(grey.pixels(), [130]);
        assert_eq!(grey.into_channels(Channels::Rgb).pixels(), [130; 3]);
    }
}
