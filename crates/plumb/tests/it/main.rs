//! The binary as a person meets it: each test runs it in a folder of its own.

mod bad_input;
mod bad_job;
mod context;
mod help;
mod init;
mod resume;
mod run;
