//! Models of the Hugging Face hub.

use std::path::{Path, PathBuf};

use plumb_learn::pretrained::LARGEST;

use crate::fault::Fault;

/// What an encoder of texts has beside its weights; a network for pictures may lack it.
const BESIDE: [&str; 2] = ["config.json", "tokenizer.json"];
const WEIGHTS: &str = "model.safetensors";

/// Fetches a model by `curl`, which brings its own certificates and proxies. What it returns is the folder, or the weights alone
/// where there is no tokenizer.
pub(super) fn download(model: &str, folder: &Path) -> Result<PathBuf, Fault> {
    let legal = |part: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(letters)
    };
    if !matches!(model.split_once('/'), Some((org, name)) if legal(org) && legal(name)) {
        return Err(Fault::usage(format!("`hf:{model}` names no model")).hint("write `hf:ORG/NAME`"));
    }
    let hub = std::env::var("HF_ENDPOINT").unwrap_or_else(|_unset| "https://huggingface.co".to_owned());
    let address = |file: &str| format!("{}/{model}/resolve/main/{file}", hub.trim_end_matches('/'));
    let weights = folder.join(WEIGHTS);
    fetch(&address(WEIGHTS), &weights)?;
    let has_tokenizer = BESIDE.iter().all(|file| fetch(&address(file), &folder.join(file)).is_ok());
    Ok(if has_tokenizer { folder.to_owned() } else { weights })
}

fn fetch(address: &str, to: &Path) -> Result<(), Fault> {
    let most = LARGEST.to_string();
    let fixed = [
        "--fail",
        "--location",
        "--silent",
        "--show-error",
        "--proto",
        "=http,https",
        "--proto-redir",
        "=https",
    ];
    let output = std::process::Command::new("curl")
        .args(fixed)
        .args(["--connect-timeout", "20", "--max-filesize", &most, "--output"])
        .arg(to)
        .arg(address)
        .output();
    let failed = |why: &str| {
        Fault::failed(format!("cannot fetch {address} ({})", why.trim()))
            .hint("fetch the files by other means, then `plumb pretrained add FILE|FOLDER`")
    };
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(&String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(failed(&format!("curl: {error}"))),
    }
}
