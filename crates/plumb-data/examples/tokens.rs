//! The tokens of texts: `tokens TOKENIZER.json < TEXTS.json`, a list of texts to a list of lists of numbers.
#![expect(clippy::print_stdout, reason = "the result is for a script")]

use std::io::Read as _;

use plumb_data::tokens::Tokenizer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("name a tokenizer.json")?;
    let tokenizer = Tokenizer::from_json(&std::fs::read_to_string(file)?)?;
    let mut texts = String::new();
    std::io::stdin().read_to_string(&mut texts)?;
    let texts: Vec<String> = serde_json::from_str(&texts)?;
    let tokens: Vec<Vec<u32>> =
        texts.iter().map(|text| tokenizer.encode(text, usize::MAX)).collect::<Result<_, _>>()?;
    println!("{}", serde_json::to_string(&tokens)?);
    Ok(())
}
