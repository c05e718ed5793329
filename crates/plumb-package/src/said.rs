//! What only a person knows of a model: `[card]` in the job, or a `card.toml` beside it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What only a person knows of the model, for its card. Nothing here changes the training; what is left out is named as missing in
/// the card, and `package.documented` warns or fails.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Said {
    /// What the model is in one or two sentences.
    ///
    /// None: the card says what is predicted from what.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the model is meant to be used for, and on whose behalf it answers.
    ///
    /// None: the card says that it is missing, and `package.documented` fails.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intended_use: String,
    /// Who is meant to use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// What it must not be used for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub out_of_scope: Vec<String>,
    /// Where it is known to fall short, beside what was measured.
    ///
    /// None: the card says that it is missing, and `package.documented` fails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Risks to people, one entry each, and what is done about them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// Why no groups of people are looked at, where `evaluate.groups` names none: `the rows are flowers`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub no_groups: String,
    /// The licence of the model, as an SPDX identifier where it has one: `Apache-2.0`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// The languages of the texts, as ISO 639 codes: `["en"]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Whom to write to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contact: String,
    /// Where the data comes from, how it was gathered, and under which licence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// Names of the data on a model hub, for its front matter: `["scikit-learn/adult-census-income"]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<String>,
    /// The name on a model hub of the model that this one was trained from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub base_model: String,
    /// Words to find it by on a model hub.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Said {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is said here, and of `other` what is not said here.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let text = |own: String, other: &String| if own.trim().is_empty() { other.clone() } else { own };
        let list = |own: Vec<String>, other: &Vec<String>| if own.is_empty() { other.clone() } else { own };
        Self {
            description: text(self.description, &other.description),
            intended_use: text(self.intended_use, &other.intended_use),
            users: list(self.users, &other.users),
            out_of_scope: list(self.out_of_scope, &other.out_of_scope),
            limits: list(self.limits, &other.limits),
            risks: list(self.risks, &other.risks),
            no_groups: text(self.no_groups, &other.no_groups),
            license: text(self.license, &other.license),
            languages: list(self.languages, &other.languages),
            contact: text(self.contact, &other.contact),
            data: text(self.data, &other.data),
            datasets: list(self.datasets, &other.datasets),
            base_model: text(self.base_model, &other.base_model),
            tags: list(self.tags, &other.tags),
        }
    }
}
