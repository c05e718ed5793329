//! What can be said of texts without a model: near copies, damage, language.

mod damage;
mod language;
mod near;

pub use damage::{Damage, damage};
pub use language::{Language, language};
pub use near::{NEAR_TEXT, near_texts};
