//! What leaves the house: the bundle, its signature and papers, an image that serves it, a registry of bundles.
//!
//! A bundle is a folder, or one file that is a tar of it. It is read once, whole, under limits ([`files`], [`folder`], [`archive`]);
//! then its signature is verified ([`signature`]), then the digests that `bundle.json` lists ([`description`]), then what kind each
//! file is of ([`contents`]). Whatever does not hold ends the reading there, with the file named ([`Refusal`]): nothing after it has
//! been looked at. Only what [`Bundle::open`] gives back may be parsed.

#![forbid(unsafe_code)]

pub mod archive;
pub mod bom;
mod bundle;
pub mod card;
pub mod contents;
pub mod description;
pub mod documented;
pub mod evidence;
pub mod files;
#[cfg(test)]
mod fixture;
pub mod folder;
pub mod format;
pub mod image;
pub mod license;
pub mod limits;
pub mod markdown;
pub mod practices;
pub mod record;
mod refusal;
pub mod registry;
pub mod safetensors;
mod said;
pub mod signature;
mod trained_rows;

pub use bundle::{Bundle, EXTENSION, SIGNATURE, SignatureState, is_bundle};
pub use description::{DESCRIPTION, Description};
pub use files::Files;
pub use limits::BundleLimits;
pub use record::Record;
pub use refusal::{Refusal, Why};
pub use said::Said;
pub use trained_rows::{TRAINED_ROWS, TrainedRows};
