//! One measured number with its unit and settings, and how it is printed.

use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) measure: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) settings: Map<String, Value>,
}

impl Figure {
    pub(crate) fn new(measure: &str, value: f64, unit: &str) -> Self {
        Self { measure: measure.to_owned(), value, unit: unit.to_owned(), settings: Map::new() }
    }

    pub(crate) fn with(mut self, setting: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(setting.to_owned(), value.into());
        self
    }

    pub(crate) fn json(&self, bench: &str) -> String {
        json!({
            "bench": bench,
            "measure": self.measure,
            "value": self.value,
            "unit": self.unit,
            "settings": self.settings,
        })
        .to_string()
    }

    pub(crate) fn row(&self, bench: &str) -> String {
        let settings: Vec<String> =
            self.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let settings = settings.join(" ").replace('"', "");
        format!("{bench:13} {:28} {:>12.2} {:9} {settings}", self.measure, self.value, self.unit)
    }
}

/// The smallest and the middle of the samples; with an even number, the upper middle.
pub(crate) fn min_and_median(samples: &[f64]) -> (f64, f64) {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |ix: usize| sorted.get(ix).copied().unwrap_or(f64::NAN);
    (at(0), at(sorted.len() / 2))
}

#[cfg(test)]
mod tests {
    use super::{Figure, min_and_median};

    #[test]
    fn a_figure_is_one_json_line() {
        let line = Figure::new("ready", 41.5, "ms").with("data", "cold").json("startup");
        let expected =
            r#"{"bench":"startup","measure":"ready","settings":{"data":"cold"},"unit":"ms","value":41.5}"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(min_and_median(&[3.0, 1.0, 2.0]), (1.0, 2.0));
        assert!(min_and_median(&[]).0.is_nan());
    }
}
