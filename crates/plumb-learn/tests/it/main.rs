//! Training as a whole, on small made-up tables.

mod made_up;
mod resume;
mod training;
