//! The binary as a person meets it: each test runs it in a folder of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "fixtures need not be durable, and waiting needs a clock")]

mod bad_input;
mod bad_job;
mod compress;
mod context;
mod diagnose;
mod evaluate;
mod explain;
mod help;
mod init;
mod mixed;
mod monitor;
mod others_pictures;
mod package;
mod pictures;
mod pretrained;
mod registry;
mod resume;
mod retrain;
mod run;
mod serve;
mod teacher;
mod texts;
mod ui;
mod watch;
