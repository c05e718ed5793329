//! From files to tensors' worth of numbers: read, audit, split, prepare.
//!
//! The way of the data is one direction: [`read`] makes a [`Table`], [`audit`] judges it, [`split`] parts its rows
//! before anything is fitted, [`prepare`] is fitted on train rows only. [`probe`] holds the quick models that
//! audits and baselines fit. [`Predictor`] is what evaluation, explanation and serving see of any model.

#![forbid(unsafe_code)]

pub mod audit;
pub mod augment;
pub mod pictures;
mod predictor;
pub mod prepare;
pub mod probe;
pub mod read;
pub mod shift;
pub mod split;
mod table;
mod target;
pub mod texts;
pub mod tokens;

pub use predictor::{Lines, Point, PredictError, Predictions, Predictor, Slopes, SumOfTerms};
pub use table::{Categories, Column, Images, Kind, Table, TableError, Values};
pub use target::{Labels, Target, TargetError};
