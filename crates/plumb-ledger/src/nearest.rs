//! Near misses: "unknown key `lrr`" is answered with "did you mean `lr`?".

/// The known names closest to `wanted`, best first, at most three.
///
/// A name counts as near when its Jaro-Winkler similarity, case folded, is at least 0.8, the value at which
/// one typing error in a four-letter word still matches.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const NEAR: f64 = 0.8;
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= NEAR)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many known names a hint lists: what fits on two lines.
const SHORT: usize = 20;

/// The hint for an unknown name: the near misses, or the whole list when it is short.
pub fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(wanted, known.clone());
    if !near.is_empty() {
        return format!("did you mean {}?", quoted(&near, " or "));
    }
    let all: Vec<&str> = known.into_iter().collect();
    let shown = quoted(&all[..all.len().min(SHORT)], ", ");
    if all.len() > SHORT {
        format!("known: {shown}, ... ({} in all)", all.len())
    } else {
        format!("known: {shown}")
    }
}

fn quoted(names: &[&str], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word() {
        assert_eq!(nearest("epoch", ["epochs", "optimizer", "seed"]), ["epochs"]);
        assert_eq!(nearest("Incom", ["income", "age"]), ["income"]);
    }

    #[test]
    fn nothing_near_lists_what_is_known() {
        assert_eq!(did_you_mean("zzz", ["age", "income"]), "known: `age`, `income`");
        assert_eq!(did_you_mean("agee", ["age", "income"]), "did you mean `age`?");
    }
}
