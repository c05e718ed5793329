//! Fitting: what the train rows say about each column.

use rayon::prelude::*;

use crate::split::digest_of_rows;
use crate::{Column, Kind, Labels, Table, Target, Values};

use super::number::mean_and_deviation;
use super::{
    CalendarPart, Encoding, ImageEncoding, LabelScale, Levels, OneHot, Preparation, PrepareConfig,
    PrepareError, PreparedColumn, SCHEMA, Scale, TextEncoding, TimePart,
};
use crate::tokens::Tokenizer;

impl Preparation {
    /// Fits on the labelled ones of `train_rows`. No other row is looked at, and the order of the rows counts
    /// only towards the digest. Costs a few passes over each column, columns in parallel.
    pub fn fit(
        table: &Table,
        target: &Target,
        train_rows: &[u32],
        config: &PrepareConfig,
    ) -> Result<Self, PrepareError> {
        Self::fit_with(table, target, train_rows, config, None)
    }

    /// The same, texts split by a tokenizer that is there already.
    pub fn fit_with(
        table: &Table,
        target: &Target,
        train_rows: &[u32],
        config: &PrepareConfig,
        tokenizer: Option<&Tokenizer>,
    ) -> Result<Self, PrepareError> {
        let rows = table.rows().min(target.len());
        if let Some(&row) = train_rows.iter().find(|&&row| row as usize >= rows) {
            return Err(PrepareError::NoSuchRow { row, rows });
        }
        if train_rows.is_empty() {
            return Err(PrepareError::NoRows);
        }
        let texts = match &config.texts {
            Some(_) => table.texts(Some(&target.name)).collect(),
            None => Vec::new(),
        };
        let inputs: Vec<&Column> = table.inputs(Some(&target.name)).collect();
        if inputs.is_empty() && texts.is_empty() {
            return Err(PrepareError::NoInputs);
        }
        let mut images = inputs.iter().filter(|column| column.images().is_some());
        if let (Some(first), Some(second)) = (images.next(), images.next()) {
            return Err(PrepareError::TwoImages { first: first.name.clone(), second: second.name.clone() });
        }
        let mut columns: Vec<PreparedColumn> =
            inputs.par_iter().map(|column| fit_column(column, train_rows, config)).collect();
        columns.extend(texts.iter().map(|column| PreparedColumn {
            name: column.name.clone(),
            kind: kind_of_values(column),
            encoding: Encoding::Text,
        }));
        let fit_texts = |config| TextEncoding::fit(&texts, train_rows, config, tokenizer);
        let texts = config.texts.as_ref().filter(|_| !texts.is_empty()).map(fit_texts).transpose()?;
        Ok(Self {
            schema: SCHEMA,
            config: *config,
            task: target.task,
            target: target.name.clone(),
            classes: target.classes.clone(),
            label_scale: label_scale(target, train_rows),
            train_rows: train_rows.len(),
            train_digest: digest_of_rows(train_rows),
            columns,
            texts,
        })
    }
}

fn fit_column(column: &Column, rows: &[u32], config: &PrepareConfig) -> PreparedColumn {
    let indicator = rows.iter().any(|&row| column.is_missing(row as usize));
    let encoding = match &column.values {
        Values::Number(array) => {
            let mut present = present(column, rows, |row| Some(array.value(row)));
            Encoding::Number { scale: Scale::fit(config.scaling, &mut present), indicator }
        }
        Values::Time(array) => {
            let part = |part: CalendarPart| {
                let scale =
                    Scale::fit(config.scaling, &mut present(column, rows, |row| part.of(array.value(row))));
                TimePart { part, scale }
            };
            // A part that is constant in train (the hour of dates) would only be dead weight.
            let parts = CalendarPart::ALL.map(part).into_iter().filter(|part| part.scale.factor != 0.0);
            Encoding::Time { parts: parts.collect(), indicator }
        }
        Values::Image(images) => Encoding::Image(ImageEncoding::fit(&images.set, rows, config)),
        Values::Category(_) | Values::Text(_) => {
            let levels = Levels::fit(column, rows, config.rare_below);
            if levels.known.len() <= config.one_hot_max {
                Encoding::OneHot(OneHot { levels })
            } else {
                Encoding::Embedding(levels)
            }
        }
    };
    PreparedColumn { name: column.name.clone(), kind: kind_of_values(column), encoding }
}

/// The kind that the values have, whatever a job calls the column: it decides the encoding.
pub(super) fn kind_of_values(column: &Column) -> Kind {
    match column.values {
        Values::Number(_) => Kind::Number,
        Values::Category(_) => Kind::Category,
        Values::Text(_) => Kind::Text,
        Values::Time(_) => Kind::Time,
        Values::Image(_) => Kind::Image,
    }
}

fn present(column: &Column, rows: &[u32], value: impl Fn(usize) -> Option<f64>) -> Vec<f64> {
    let rows = rows.iter().map(|&row| row as usize).filter(|&row| !column.is_missing(row));
    rows.filter_map(value).collect()
}

fn label_scale(target: &Target, rows: &[u32]) -> Option<LabelScale> {
    let Labels::Numbers(_) = target.labels else { return None };
    let labels = target.numbers_of(rows);
    let (mean, deviation) = mean_and_deviation(&labels);
    let low = labels.iter().copied().fold(f64::INFINITY, f64::min);
    let high = labels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return None;
    }
    Some(LabelScale { mean, deviation: if deviation > 0.0 { deviation } else { 1.0 }, low, high })
}
