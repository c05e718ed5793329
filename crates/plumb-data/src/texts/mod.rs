//! What can be said and done about texts without a model: near copies, damage, language, changes of words.

mod change;
mod changed;
mod damage;
mod language;
mod near;
mod synonyms;

pub use change::{WORD_OPERATIONS, WordChange, WordChangeError, WordOperation};
pub use changed::ChangedTexts;
pub use damage::{Damage, damage};
pub use language::{Language, language};
pub use near::{NEAR_TEXT, near_texts};
pub use synonyms::{Synonyms, WORDNET};
