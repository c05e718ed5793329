//! Bills of materials, CycloneDX 1.6 in JSON: of a bundle the model with its card, its data and every file; of an image also the
//! program and the libraries that it needs. The serial number is made of the content, and no clock is asked.

mod form;

use plumb_ledger::{Sha256, Verdict};
use serde_json::Value;

use crate::format::cut;
use crate::license::spdx;
use crate::record::{Figure, PREPARATION};
use crate::{Record, Said};
use form::{
    Approach, Bom, Component, ConfidenceInterval, Considerations, DataContents, DatasetRef, Dependency,
    FairnessAssessment, Format, Hash, Kind, License, LicenseChoice, Metadata, ModelCard, ModelParameters,
    PerformanceMetric, Property, QuantitativeAnalysis, Risk, Tools,
};

/// The name of the file in a bundle.
pub const NAME: &str = "bom.cdx.json";

/// Letters of a text from outside.
const LETTERS: usize = 4000;
/// Groups and slices whose figures are listed.
const SLICES: usize = 200;

/// A file of a bundle or an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Material {
    /// Its path in the bundle or the image.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256,
}

/// The bill of a bundle: `files` are all of its files but this one and what is made of it. `version` is that of the program.
pub fn of_bundle(record: &Record, said: &Said, files: &[Material], version: &str) -> Vec<u8> {
    let mut components = vec![data(record, said)];
    components.extend(files.iter().map(|file| material(file, Kind::File)));
    let model = model(record, said);
    written(model, components, version)
}

/// The bill of an image: the program, the libraries that it needs, and the files of the bundle.
pub fn of_image(
    name: &str,
    program: &Material,
    libraries: &[Material],
    bundle: &[Material],
    version: &str,
) -> Vec<u8> {
    let image = Component {
        kind: Kind::Container,
        bom_ref: "image".to_owned(),
        name: name.to_owned(),
        ..Component::default()
    };
    let of_program = Component { version: Some(version.to_owned()), ..material(program, Kind::Application) };
    let mut components = vec![of_program];
    components.extend(libraries.iter().map(|file| material(file, Kind::Library)));
    components.extend(bundle.iter().map(|file| material(file, Kind::File)));
    written(image, components, version)
}

fn written(of: Component, components: Vec<Component>, version: &str) -> Vec<u8> {
    let on = components.iter().map(|component| component.bom_ref.clone()).collect();
    let program = Component {
        kind: Kind::Application,
        bom_ref: "plumb".to_owned(),
        name: "plumb".to_owned(),
        version: Some(version.to_owned()),
        ..Component::default()
    };
    let mut bom = Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        dependencies: vec![Dependency { of: of.bom_ref.clone(), on }],
        metadata: Metadata { tools: Tools { components: vec![program] }, component: of },
        components,
    };
    bom.serial_number = serial(&json(&bom));
    json(&bom)
}

fn json(bom: &Bom) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(bom).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// A UUID of version 8 (RFC 9562): the digest of the content, but for the bits that say so.
fn serial(content: &[u8]) -> String {
    let digest = Sha256::of(content);
    let mut digits: Vec<u8> = digest.as_str().bytes().take(32).collect();
    if let Some(version) = digits.get_mut(12) {
        *version = b'8';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = b'a';
    }
    let text = String::from_utf8_lossy(&digits).into_owned();
    let at = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", at(0, 8), at(8, 12), at(12, 16), at(16, 20), at(20, 32))
}

fn material(of: &Material, kind: Kind) -> Component {
    Component {
        kind,
        bom_ref: format!("file:{}", of.path),
        name: of.path.clone(),
        hashes: vec![hash(of.sha256.as_str())],
        ..Component::default()
    }
}

fn hash(sha256: &str) -> Hash {
    Hash { alg: "SHA-256", content: sha256.to_owned() }
}

/// The data that the model was trained on, judged by its digest: none of its rows is here.
fn data(record: &Record, said: &Said) -> Component {
    let name = record.data_files().first().map_or("data", |file| file).to_owned();
    let is_digest = |text: &&str| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let property = |name: &str, value: &Value| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Property { name: name.to_owned(), value }
    };
    let preparation = record.value(PREPARATION);
    let facts = [
        ("plumb:train_rows", &preparation["train_rows"]),
        ("plumb:train_rows_sha256", &preparation["train_digest"]),
    ];
    let contents = DataContents {
        bom_ref: "data-contents".to_owned(),
        kind: "dataset",
        name: name.clone(),
        description: described(&said.data),
    };
    Component {
        kind: Kind::Data,
        bom_ref: "data".to_owned(),
        name,
        hashes: record.data_sha256().filter(is_digest).map(hash).into_iter().collect(),
        data: vec![contents],
        properties: facts
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| property(name, value))
            .collect(),
        ..Component::default()
    }
}

fn described(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(|text| cut(text, LETTERS))
}

fn model(record: &Record, said: &Said) -> Component {
    let license = |text: &str| match spdx(text) {
        Some(id) => License::Id(id),
        None => License::Name(cut(text.trim(), LETTERS)),
    };
    let licenses = described(&said.license).map(|text| LicenseChoice { license: license(&text) });
    Component {
        kind: Kind::MachineLearningModel,
        bom_ref: "model".to_owned(),
        name: record.name.clone(),
        description: described(&said.description),
        licenses: licenses.into_iter().collect(),
        model_card: Some(ModelCard {
            model_parameters: parameters(record),
            quantitative_analysis: QuantitativeAnalysis { performance_metrics: metrics(record) },
            considerations: considerations(record, said),
        }),
        ..Component::default()
    }
}

fn parameters(record: &Record) -> ModelParameters {
    let mut inputs: Vec<String> = record.inputs().into_iter().map(|(_, kind)| kind.to_owned()).collect();
    inputs.sort();
    inputs.dedup();
    let output = if record.classes().is_empty() { "number" } else { "probabilities" };
    ModelParameters {
        approach: Approach { kind: "supervised" },
        task: record.task(),
        architecture_family: "neural network",
        model_architecture: record.network().to_owned(),
        datasets: vec![DatasetRef { of: "data".to_owned() }],
        inputs: inputs.into_iter().map(|format| Format { format }).collect(),
        outputs: vec![Format { format: output.to_owned() }],
    }
}

/// The judged metrics with their intervals, and those of each group and slice that the ledger has. The form allows none twice.
fn metrics(record: &Record) -> Vec<PerformanceMetric> {
    let of_part = record.judged();
    let mut metrics: Vec<PerformanceMetric> = of_part.iter().map(|of| performance(of, None)).collect();
    let lists = [
        ("fairness.group-performance", "values", "metric_value", "metric_low", "metric_high"),
        ("fairness.disparate-impact", "groups", "rate", "low", "high"),
        ("fairness.equalized-odds", "groups", "share", "low", "high"),
        ("evaluate.systematic-errors", "worst", "error", "", ""),
    ];
    for (practice, list, value, low, high) in lists {
        let Some(judged) = record.verdict(practice) else { continue };
        let of = |item: &Value| {
            let (column, group) = (item["column"].as_str()?, item["value"].as_str()?);
            let rate = item["rate"].as_str().or_else(|| item["metric"].as_str());
            let kind = rate.map_or_else(|| kind_of(practice).to_owned(), str::to_owned);
            let figure = Figure {
                name: kind,
                value: item[value].as_f64()?,
                interval: item[low].as_f64().zip(item[high].as_f64()),
                rows: None,
                method: String::new(),
            };
            Some(performance(&figure, Some(cut(&format!("{column} = {group}"), LETTERS))))
        };
        let items = judged.entry.evidence.get(list).and_then(Value::as_array);
        metrics.extend(items.into_iter().flatten().take(SLICES).filter_map(of));
    }
    let mut seen = std::collections::BTreeSet::new();
    metrics.retain(|metric| seen.insert(metric.clone()));
    metrics
}

fn kind_of(practice: &str) -> &'static str {
    if practice == "fairness.disparate-impact" { "selection rate" } else { "error" }
}

fn performance(of: &Figure, slice: Option<String>) -> PerformanceMetric {
    let interval = of.interval.map(|(low, high)| ConfidenceInterval {
        lower_bound: low.to_string(),
        upper_bound: high.to_string(),
    });
    PerformanceMetric {
        kind: of.name.clone(),
        value: of.value.to_string(),
        slice,
        confidence_interval: interval,
    }
}

fn considerations(record: &Record, said: &Said) -> Considerations {
    let list =
        |items: &[String]| -> Vec<String> { items.iter().filter_map(|item| described(item)).collect() };
    let mut limits = list(&said.limits);
    limits.extend(
        said.out_of_scope
            .iter()
            .filter_map(|item| described(item))
            .map(|item| format!("out of scope: {item}")),
    );
    let bad = record.verdicts().filter(|judged| {
        matches!(judged.entry.verdict, Verdict::Fail | Verdict::Warn)
            && !judged.entry.id.starts_with("fairness.")
    });
    limits.extend(bad.map(|judged| cut(&format!("{}: {}", judged.entry.id, judged.entry.summary), LETTERS)));
    limits.dedup();
    Considerations {
        users: list(&said.users),
        use_cases: described(&said.intended_use).into_iter().collect(),
        technical_limitations: limits,
        risks: list(&said.risks).into_iter().map(|name| Risk { name }).collect(),
        fairness_assessments: fairness(record),
    }
}

/// What was found about groups of people, good or bad, each with the practice that found it.
fn fairness(record: &Record) -> Vec<FairnessAssessment> {
    let judged = record
        .verdicts()
        .filter(|judged| judged.entry.id.starts_with("fairness.") && judged.entry.reason.is_none());
    let assessment = |judged: &crate::record::Judged| {
        let entry = &judged.entry;
        let columns: Vec<&str> = entry
            .evidence
            .values()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(|item| item["column"].as_str())
            .collect();
        let mut groups: Vec<String> = Vec::new();
        for column in columns {
            if !groups.iter().any(|known| known == column) {
                groups.push(column.to_owned());
            }
        }
        let is_bad = matches!(entry.verdict, Verdict::Fail | Verdict::Warn);
        FairnessAssessment {
            group_at_risk: if groups.is_empty() {
                "groups of `evaluate.groups`".to_owned()
            } else {
                cut(&groups.join(", "), LETTERS)
            },
            harms: cut(&format!("{}, {}: {}", entry.id, entry.verdict.as_str(), entry.summary), LETTERS),
            mitigation_strategy: is_bad.then(|| cut(&entry.remedy, LETTERS)),
        }
    };
    judged.map(assessment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn files() -> Vec<Material> {
        let material = |path: &str| Material { path: path.to_owned(), sha256: Sha256::of(path.as_bytes()) };
        ["README.md", "model/model.safetensors"].map(material).into()
    }

    fn bill(record: &Record, said: &Said) -> Value {
        serde_json::from_slice(&of_bundle(record, said, &files(), "0.1.0")).unwrap()
    }

    #[test]
    fn the_model_its_data_and_every_file_are_listed_with_their_digests() {
        let bom = bill(&fixture::record(), &fixture::said());
        assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
        let model = &bom["metadata"]["component"];
        assert_eq!(model["type"], "machine-learning-model");
        assert_eq!(model["licenses"][0]["license"]["id"], "Apache-2.0");
        let card = &model["modelCard"];
        assert_eq!(card["modelParameters"]["datasets"][0]["ref"], bom["components"][0]["bom-ref"]);
        assert_eq!(bom["components"][0]["hashes"][0]["content"], fixture::DATA_SHA256);
        let metric = &card["quantitativeAnalysis"]["performanceMetrics"];
        assert_eq!(metric[0]["value"], "0.87");
        assert_eq!(metric[0]["confidenceInterval"]["lowerBound"], "0.84");
        assert_eq!(metric[2]["slice"], "sex = f");
        assert_eq!(card["considerations"]["fairnessAssessments"][0]["groupAtRisk"], "sex");
        let names: Vec<&str> =
            bom["components"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["loans.csv", "README.md", "model/model.safetensors"]);
        assert!(!bom.to_string().contains("/home/someone"));
    }

    #[test]
    fn the_serial_number_is_that_of_the_content() {
        let (record, said) = (fixture::record(), fixture::said());
        let first = bill(&record, &said);
        assert_eq!(first, bill(&record, &said));
        let serial = first["serialNumber"].as_str().unwrap();
        let digits = serial.strip_prefix("urn:uuid:").unwrap();
        assert_eq!(digits.len(), 36);
        assert_eq!((digits.as_bytes()[14], digits.as_bytes()[19]), (b'8', b'a'));
        assert_ne!(first["serialNumber"], bill(&record, &Said::default())["serialNumber"]);
    }

    #[test]
    fn an_image_lists_its_program_and_libraries() {
        let material = |path: &str| Material { path: path.to_owned(), sha256: Sha256::of(path.as_bytes()) };
        let bytes =
            of_image("loans", &material("usr/bin/plumb"), &[material("lib/libc.so.6")], &files(), "0.1.0");
        let bom: Value = serde_json::from_slice(&bytes).unwrap();
        let kinds: Vec<&str> =
            bom["components"].as_array().unwrap().iter().map(|of| of["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["application", "library", "file", "file"]);
        assert_eq!(bom["dependencies"][0]["dependsOn"].as_array().unwrap().len(), 4);
    }

    #[test]
    fn odd_runs_make_bills_too() {
        for record in fixture::hostile() {
            let bom = bill(&record, &Said::default());
            assert_eq!(bom["metadata"]["component"]["type"], "machine-learning-model", "{bom}");
        }
    }
}
