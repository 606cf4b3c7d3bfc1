//! The figures as a table for people.

use std::fmt::Write;

/// One row: what, measured, aim, and whether the aim was met.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: String,
    pub measured: String,
    pub aim: String,
    pub met: Option<bool>,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// A figure with no aim, or beside another one.
    pub fn figure(&mut self, what: &str, measured: impl Into<String>) {
        self.rows.push(Row { what: what.into(), measured: measured.into(), aim: String::new(), met: None });
    }

    /// A figure that ought to be at most `most`.
    pub fn at_most(&mut self, what: &str, value: f64, most: f64, unit: &str) {
        let row =
            Row { what: what.into(), measured: show(value, unit), aim: format!("≤ {most} {unit}"), met: Some(value <= most) };
        self.rows.push(row);
    }

    /// A figure that ought to be at least `least`.
    pub fn at_least(&mut self, what: &str, value: f64, least: f64, unit: &str) {
        let row =
            Row {
                what: what.into(), measured: show(value, unit), aim: format!("≥ {least} {unit}"), met: Some(value >= least)
            };
        self.rows.push(row);
    }

    pub fn table(&self) -> String {
        let mut text = String::from("| what | measured | aim | |\n|---|---:|---:|---|\n");
        for row in &self.rows {
            let verdict = match row.met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            // Writing to a String does not fail.
            let _ = writeln!(text, "| {} | {} | {} | {verdict} |", row.what, row.measured, row.aim);
        }
        text
    }
}

fn show(value: f64, unit: &str) -> String {
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}
