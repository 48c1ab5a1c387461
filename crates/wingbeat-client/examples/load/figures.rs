//! Figures as lines: `{"bench","measure","value","unit","settings"}`, each printed as soon as it is known.

use std::time::Duration;

use serde_json::json;

/// Prints the figures of one scenario.
pub(crate) struct Figures {
    pub(crate) bench: &'static str,
    pub(crate) settings: serde_json::Value,
}

impl Figures {
    pub(crate) fn print(&self, measure: &str, value: f64, unit: &str) {
        let Self { bench, settings } = self;
        let value = (value * 1000.0).round() / 1000.0;
        let line =
            json!({ "bench": bench, "measure": measure, "value": value, "unit": unit, "settings": settings });
        println!("{line}");
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn rate(&self, measure: &str, count: usize, took: Duration) {
        self.print(measure, count as f64 / took.as_secs_f64(), "1/s");
    }

    pub(crate) fn millis(&self, measure: &str, took: Duration) {
        self.print(measure, took.as_secs_f64() * 1000.0, "ms");
    }

    pub(crate) fn percentiles(&self, measure: &str, samples: &mut [Duration]) {
        samples.sort_unstable();
        for (name, per_mille) in [("p50", 500), ("p99", 990), ("max", 1000)] {
            let ix = (samples.len() * per_mille / 1000).min(samples.len().saturating_sub(1));
            let Some(sample) = samples.get(ix) else { return };
            self.millis(&format!("{measure} {name}"), *sample);
        }
    }
}
