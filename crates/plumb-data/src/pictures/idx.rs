//! IDX files, the format of MNIST and its kin: a magic number, extents, bytes.

use std::io::Read as _;

use super::{Channels, Picture};

/// What is wrong with an IDX file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdxFault {
    /// Packed, and damaged.
    #[error("damaged gzip data: {0}")]
    Packed(String),
    /// Other first bytes.
    #[error("not an IDX file of {wanted} dimensions of bytes")]
    Magic {
        /// The dimensions that it should have.
        wanted: u8,
    },
    /// More or fewer bytes than the extents say.
    #[error("its extents declare {declared} bytes, {found} are there")]
    Length {
        /// By its header.
        declared: u64,
        /// Behind its header.
        found: u64,
    },
}

/// Pictures of grey values from a file of three dimensions, `.gz` or plain; at most `limit` bytes.
pub fn read_idx_images(bytes: &[u8], limit: usize) -> Result<Vec<Picture>, IdxFault> {
    let ([_, height, width], values) = read::<3>(bytes, limit)?;
    let picture = |pixels: &[u8]| Picture::new(width, height, Channels::Grey, pixels.to_vec());
    Ok(values.chunks_exact((width * height).max(1)).filter_map(picture).collect())
}

/// Labels from a file of one dimension, `.gz` or plain; at most `limit` bytes.
pub fn read_idx_labels(bytes: &[u8], limit: usize) -> Result<Vec<u8>, IdxFault> {
    read::<1>(bytes, limit).map(|(_, values)| values)
}

fn read<const D: usize>(bytes: &[u8], limit: usize) -> Result<([usize; D], Vec<u8>), IdxFault> {
    let mut plain = Vec::new();
    let limit = limit as u64;
    if bytes.starts_with(&[0x1F, 0x8B]) {
        let unpacked = flate2::read::MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut plain);
        unpacked.map_err(|error| IdxFault::Packed(error.to_string()))?;
    } else {
        plain.extend_from_slice(bytes);
    }
    let magic = IdxFault::Magic { wanted: D as u8 };
    let (head, rest) = plain.split_at_checked(4 + 4 * D).ok_or(magic.clone())?;
    if head[..4] != [0, 0, 8, D as u8] {
        return Err(magic);
    }
    let mut extents = [0; D];
    for (extent, bytes) in extents.iter_mut().zip(head[4..].as_chunks::<4>().0) {
        *extent = u32::from_be_bytes(*bytes) as usize;
    }
    let declared = extents.iter().fold(1u64, |product, &extent| product.saturating_mul(extent as u64));
    if declared != rest.len() as u64 {
        return Err(IdxFault::Length { declared, found: rest.len() as u64 });
    }
    Ok((extents, rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_labels_are_read_and_lies_are_refused() {
        let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[1, 2, 3, 4]].concat();
        let pictures = read_idx_images(&images, 1000).unwrap();
        assert_eq!(pictures.len(), 2);
        assert_eq!((pictures[1].width(), pictures[1].height(), pictures[1].pixels()), (2, 1, &[3, 4][..]));
        assert_eq!(read_idx_labels(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 9], 1000).unwrap(), [7, 9]);
        assert_eq!(read_idx_labels(&images, 1000).unwrap_err(), IdxFault::Magic { wanted: 1 });
        let short = read_idx_images(&images[..18], 1000).unwrap_err();
        assert_eq!(short, IdxFault::Length { declared: 4, found: 2 });
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(matches!(read_idx_images(&huge, 1000), Err(IdxFault::Length { .. })));
        assert!(read_idx_images(&[0x1F, 0x8B, 1], 1000).is_err());
    }
}
