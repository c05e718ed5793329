//! Other names under which published weights are found, turned into the usual ones.

use std::collections::BTreeMap;

use crate::parameters::Arrays;

/// Blocks of each stage of EfficientNet-Lite0, which others number in one row.
const LITE0: [usize; 7] = [1, 2, 2, 3, 3, 4, 1];

/// Weights under torchvision's or timm's names.
pub(super) fn usual(arrays: Arrays) -> Arrays {
    if !arrays.0.contains_key("_conv_stem.weight") {
        return arrays;
    }
    // A name that the rule does not know stays, and is then told as unexpected.
    let renamed = arrays.0.into_iter().map(|(name, array)| (timm(&name).unwrap_or(name), array));
    Arrays(renamed.collect::<BTreeMap<_, _>>())
}

/// A name of the EfficientNet-PyTorch package as timm has it.
fn timm(name: &str) -> Option<String> {
    let (first, rest) = name.split_once('.')?;
    let whole = match first {
        "_conv_stem" => "conv_stem",
        "_bn0" => "bn1",
        "_conv_head" => "conv_head",
        "_bn1" => "bn2",
        "_fc" => "classifier",
        "_blocks" => return of_block(rest),
        _ => return None,
    };
    Some(format!("{whole}.{rest}"))
}

fn of_block(rest: &str) -> Option<String> {
    let (number, rest) = rest.split_once('.')?;
    let (part, rest) = rest.split_once('.')?;
    let number: usize = number.parse().ok()?;
    // The first block is not widened: its norms and its last convolution count from one less.
    let part = match (part, number) {
        ("_expand_conv", _) | ("_project_conv", 0) => "conv_pw",
        ("_depthwise_conv", _) => "conv_dw",
        ("_project_conv", _) => "conv_pwl",
        ("_bn0", _) | ("_bn1", 0) => "bn1",
        ("_bn1", _) | ("_bn2", 0) => "bn2",
        ("_bn2", _) => "bn3",
        _ => return None,
    };
    let mut before = 0;
    for (stage, blocks) in LITE0.into_iter().enumerate() {
        if number < before + blocks {
            return Some(format!("blocks.{stage}.{}.{part}.{rest}", number - before));
        }
        before += blocks;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_timms() {
        let known = [
            ("_conv_stem.weight", "conv_stem.weight"),
            ("_bn1.running_var", "bn2.running_var"),
            ("_blocks.0._bn2.bias", "blocks.0.0.bn2.bias"),
            ("_blocks.4._project_conv.weight", "blocks.2.1.conv_pwl.weight"),
            ("_blocks.15._bn0.weight", "blocks.6.0.bn1.weight"),
        ];
        for (theirs, ours) in known {
            assert_eq!(timm(theirs).as_deref(), Some(ours));
        }
        assert_eq!(timm("_blocks.16._bn0.weight"), None);
        assert_eq!(timm("_blocks.x"), None);
    }
}
