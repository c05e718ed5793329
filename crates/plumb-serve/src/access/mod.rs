//! Who may ask: the names under which a server may be asked, and the token that a client must know. The dashboard asks the same.

mod hosts;
mod token;

pub use hosts::Hosts;
pub use token::Token;
