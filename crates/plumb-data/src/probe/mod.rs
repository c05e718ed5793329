//! Quick models that Plumb fits to judge data and as the bar that a network must beat.
