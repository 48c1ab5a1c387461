//! When a deployed task starts by itself, and with what.

/// What starts a deployed task by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// Its name among those of its task.
    pub name: &'static str,
    /// When.
    pub schedule: Schedule,
    /// The input that is given the time for which it starts; empty for none.
    pub time_input: &'static str,
    /// Other inputs and their values, as on the command line.
    pub inputs: &'static [(&'static str, &'static str)],
    /// Whether it starts anything at all.
    pub active: bool,
}

/// Points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// As `cron` writes it, in a time zone such as `Europe/Berlin`.
    Cron {
        /// Five fields.
        expression: &'static str,
        /// Empty for UTC.
        timezone: &'static str,
    },
    /// Each so many minutes.
    EveryMinutes(u32),
}

impl Trigger {
    /// At times that a `cron` expression names, in UTC.
    pub const fn cron(name: &'static str, expression: &'static str) -> Self {
        Self::new(name, Schedule::Cron { expression, timezone: "" })
    }

    /// Each so many minutes.
    pub const fn every_minutes(name: &'static str, minutes: u32) -> Self {
        Self::new(name, Schedule::EveryMinutes(minutes))
    }

    const fn new(name: &'static str, schedule: Schedule) -> Self {
        Self { name, schedule, time_input: "", inputs: &[], active: true }
    }

    /// In this time zone.
    #[must_use]
    pub const fn timezone(mut self, timezone: &'static str) -> Self {
        if let Schedule::Cron { expression, .. } = self.schedule {
            self.schedule = Schedule::Cron { expression, timezone };
        }
        self
    }

    /// Gives the time for which it starts to this input.
    #[must_use]
    pub const fn time_input(mut self, input: &'static str) -> Self {
        self.time_input = input;
        self
    }

    /// Gives these inputs their values, written as on the command line: `.inputs(&[("n", "4")])`. All others have their
    /// defaults.
    #[must_use]
    pub const fn inputs(mut self, inputs: &'static [(&'static str, &'static str)]) -> Self {
        self.inputs = inputs;
        self
    }

    /// Is there, and starts nothing.
    #[must_use]
    pub const fn inactive(mut self) -> Self {
        self.active = false;
        self
    }
}
