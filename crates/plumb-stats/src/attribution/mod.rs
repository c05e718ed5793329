//! What each input adds to a prediction: Shapley values and local linear models, as arithmetic on numbers that a model gave.
//!
//! Nothing here calls a model. [`Coalitions`] and [`Walks`] say which inputs are to be kept together, the caller asks the
//! model, and the answers come back as numbers, so that the model can be asked for all of them at once.

mod coalitions;
mod exact;
mod kernel_shap;
mod lime;
mod terms;
mod walks;
mod worth;

pub use coalitions::Coalitions;
pub use exact::{MOST_PLAYERS, exact};
pub use kernel_shap::KernelShap;
pub use lime::{LocalModel, kernel_width, local_model, proximity, strongest};
pub use terms::{ClosedForm, Term, Terms};
pub use walks::{Walked, Walks};
pub use worth::CoalitionSet;
