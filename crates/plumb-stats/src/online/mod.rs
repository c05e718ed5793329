//! Has a stream of numbers changed? Detectors that see one number at a time and keep little.

mod adwin;
mod page_hinkley;

pub use adwin::Adwin;
pub use page_hinkley::PageHinkley;
