//! Why a predictor says what it says: what each column adds to single predictions and to all of them.
//!
//! Every method but [`gradients()`] asks the predictor about rows that are put together from rows of the table, so it works for any model;
//! Shapley values of trees and linear models are added up from their terms instead. One file each; the arithmetic is that of
//! [`plumb_stats::attribution`].

mod ask;
mod counterfactual;
mod dependence;
mod gradients;
mod importance;
mod influence;
mod lime;
mod pictures;
mod plan;
mod practices;
mod sampling;
mod shap;
mod shuffled;
mod sum;
mod words;

pub use ask::Asked;
pub use counterfactual::{Counterfactual, counterfactual};
pub use dependence::{Dependence, dependence};
pub use gradients::{Gradients, gradients, has_gradients, told_by_gradients};
pub use importance::{Importance, permutation_importance};
pub use influence::{Embedded, Influence, Prototypes, Voice};
pub use lime::{LimeConfig, LimeExplanation, Neighbourhood, Neighbours, lime};
pub use pictures::{
    Fill, Occlusion, PictureExplanation, PicturesConfig, SegmentModel, Segments, Shown, pictures,
};
pub use practices::{ExplainContext, PRACTICES};
pub use shap::{Additivity, ShapConfig, ShapMethod, ShapValues, Told, shap, told, told_margins};
pub use shuffled::of_shuffled_labels;
pub use words::{WordsConfig, WordsExplanation, words};
