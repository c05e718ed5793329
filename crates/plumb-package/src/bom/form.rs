//! The form of CycloneDX 1.6 as far as it is written here: fields in the order of the specification, empty ones left out.

use serde::Serialize;

/// The whole file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bom {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    #[serde(rename = "bomFormat")]
    pub(super) format: &'static str,
    pub(super) spec_version: &'static str,
    /// `urn:uuid:`, made of the content.
    pub(super) serial_number: String,
    pub(super) version: u32,
    pub(super) metadata: Metadata,
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    pub(super) tools: Tools,
    pub(super) component: Component,
}

#[derive(Debug, Serialize)]
pub(super) struct Tools {
    pub(super) components: Vec<Component>,
}

#[derive(Debug, Serialize)]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) of: String,
    #[serde(rename = "dependsOn", skip_serializing_if = "Vec::is_empty")]
    pub(super) on: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Component {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) bom_ref: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) licenses: Vec<LicenseChoice>,
    #[serde(rename = "modelCard", skip_serializing_if = "Option::is_none")]
    pub(super) model_card: Option<ModelCard>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) data: Vec<DataContents>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Application,
    #[default]
    File,
    Library,
    Container,
    MachineLearningModel,
    Data,
}

#[derive(Debug, Serialize)]
pub(super) struct Hash {
    pub(super) alg: &'static str,
    pub(super) content: String,
}

#[derive(Debug, Serialize)]
pub(super) struct LicenseChoice {
    pub(super) license: License,
}

/// An SPDX identifier, or a name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum License {
    Id(&'static str),
    Name(String),
}

#[derive(Debug, Serialize)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct DataContents {
    pub(super) bom_ref: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelCard {
    pub(super) model_parameters: ModelParameters,
    pub(super) quantitative_analysis: QuantitativeAnalysis,
    pub(super) considerations: Considerations,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelParameters {
    pub(super) approach: Approach,
    pub(super) task: String,
    pub(super) architecture_family: &'static str,
    pub(super) model_architecture: String,
    pub(super) datasets: Vec<DatasetRef>,
    pub(super) inputs: Vec<Format>,
    pub(super) outputs: Vec<Format>,
}

#[derive(Debug, Serialize)]
pub(super) struct Approach {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct DatasetRef {
    #[serde(rename = "ref")]
    pub(super) of: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Format {
    pub(super) format: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuantitativeAnalysis {
    pub(super) performance_metrics: Vec<PerformanceMetric>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PerformanceMetric {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence_interval: Option<ConfidenceInterval>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfidenceInterval {
    pub(super) lower_bound: String,
    pub(super) upper_bound: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Considerations {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) use_cases: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) technical_limitations: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "ethicalConsiderations")]
    pub(super) risks: Vec<Risk>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fairness_assessments: Vec<FairnessAssessment>,
}

#[derive(Debug, Serialize)]
pub(super) struct Risk {
    pub(super) name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FairnessAssessment {
    pub(super) group_at_risk: String,
    pub(super) harms: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mitigation_strategy: Option<String>,
}
