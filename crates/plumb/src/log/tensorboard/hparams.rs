//! The plugin `hparams`: the settings of the job beside its final figures, one line a run.

use std::collections::BTreeMap;

use prost::Message as _;

use super::proto::{
    DataClass, Experiment, HParamInfo, HParamsData, HParamsPluginData, MetricInfo, MetricName,
    SessionEndInfo, SessionStartInfo, Setting, SettingKind, Value,
};
use super::value::{Plugin, floats};
use crate::log::note::{Content, Measured, Note, Outcome, Settled};
use crate::log::settings::shown;

const PLUGIN: Plugin = Plugin { name: "hparams", class: DataClass::Tensor };
/// The sections of a job that say how a model is made; the others say from what, and what is written.
const SECTIONS: [&str; 4] = ["split", "prepare", "model", "train"];

pub(super) fn values(note: &Note) -> Vec<Value> {
    let seconds = note.unix_ms as f64 / 1000.0;
    match &note.content {
        Content::Settled(settled) => vec![session_start(settled, seconds)],
        Content::Measured(measured) => vec![experiment(measured, seconds)],
        // An interrupted run goes on some day, and TensorBoard believes the first end that it is told.
        Content::Ended(ended) if ended.outcome != Outcome::Interrupted => {
            let status = if ended.outcome == Outcome::Finished { 1 } else { 2 };
            let info = SessionEndInfo { status, end_time_secs: seconds };
            vec![value("_hparams_/session_end_info", HParamsData::SessionEndInfo(info))]
        }
        _ => Vec::new(),
    }
}

/// What the lines show. TensorBoard takes the settings from the first run that has this, and every job has the same keys.
fn experiment(measured: &Measured, time_created_secs: f64) -> Value {
    let metric = |(tag, _): &(String, f64)| MetricInfo { name: Some(MetricName { tag: tag.clone() }) };
    let experiment = Experiment {
        description: "Settings and final figures of Plumb's runs.".to_owned(),
        time_created_secs,
        hparam_infos: measured.settings.iter().filter_map(info).collect(),
        metric_infos: measured.figures.iter().map(metric).collect(),
    };
    value("_hparams_/experiment", HParamsData::Experiment(experiment))
}

fn info((name, value): &(String, toml::Value)) -> Option<HParamInfo> {
    let kind = match setting(name, value)?.kind? {
        SettingKind::Text(_) => 1,
        SettingKind::Switch(_) => 2,
        SettingKind::Number(_) => 3,
    };
    Some(HParamInfo { name: name.clone(), kind })
}

fn session_start(settled: &Settled, start_time_secs: f64) -> Value {
    let of = |(name, value): &(String, toml::Value)| Some((name.clone(), setting(name, value)?));
    let hparams: BTreeMap<String, Setting> = settled.settings.iter().filter_map(of).collect();
    let info = SessionStartInfo { hparams, group_name: String::new(), start_time_secs };
    value("_hparams_/session_start_info", HParamsData::SessionStartInfo(info))
}

/// A setting; none for a key that says nothing about how the model is made.
fn setting(name: &str, value: &toml::Value) -> Option<Setting> {
    SECTIONS.iter().find(|section| name.split('.').next() == Some(**section))?;
    let kind = match value {
        toml::Value::Integer(number) => SettingKind::Number(*number as f64),
        toml::Value::Float(number) => SettingKind::Number(*number),
        toml::Value::Boolean(on) => SettingKind::Switch(*on),
        other => SettingKind::Text(shown(other)),
    };
    Some(Setting { kind: Some(kind) })
}

/// The data stands in the summary's metadata; its tensor says nothing.
fn value(tag: &str, data: HParamsData) -> Value {
    let content = HParamsPluginData { data: Some(data) }.encode_to_vec();
    PLUGIN.value(tag, floats(&[1], [0.0])).with_content(content)
}
