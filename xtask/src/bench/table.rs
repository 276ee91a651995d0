//! The results as a Markdown table of ratios.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::measurement::Measurement;

/// One row per measurement, each compared with the one that is named `baseline`.
pub fn render(measurements: &[Measurement], baseline: &str) -> Result<String> {
    let base = measurements
        .iter()
        .find(|measurement| measurement.name == baseline);
    let base = base.context("the baseline was not measured")?;
    let mut table = String::from(
        "| command | wall, median | wall, minimum | user + system | budget |\n\
         |---|---|---|---|---|\n",
    );
    for measurement in measurements {
        let median = measurement.median / base.median;
        let minimum = measurement.minimum / base.minimum;
        let processor = measurement.processor / base.processor;
        let verdict = verdict(measurement.budget, median);
        let name = &measurement.name;
        writeln!(
            table,
            "| {name} | {median:.2} | {minimum:.2} | {processor:.2} | {verdict} |"
        )?;
    }
    writeln!(
        table,
        "\nAll numbers are times `{baseline}` of the same run."
    )?;
    Ok(table)
}

/// What something takes of a run.
pub struct Share {
    pub name: &'static str,
    pub seconds: f64,
    /// How many seconds it may take.
    pub budget: Option<f64>,
}

/// Shares, and the seconds of the baseline of the same run.
pub struct Shares {
    pub base: f64,
    pub shares: Vec<Share>,
}

/// A second table, of what was added to a run.
pub fn render_shares(Shares { base, shares }: &Shares) -> Result<String> {
    let mut table = String::from("\n| what | wall, median | of its budget |\n|---|---|---|\n");
    for Share {
        name,
        seconds,
        budget,
    } in shares
    {
        let verdict = match budget.map(|budget| seconds / budget) {
            None => String::new(),
            Some(part) if part <= 1.0 => format!("{:.0} %: kept", part * 100.0),
            Some(part) => format!("{:.0} %: **exceeded**", part * 100.0),
        };
        writeln!(table, "| {name} | {:.2} | {verdict} |", seconds / base)?;
    }
    Ok(table)
}

fn verdict(budget: Option<f64>, ratio: f64) -> String {
    match budget {
        None => String::new(),
        Some(budget) if ratio <= budget => format!("{budget}: kept"),
        Some(budget) => format!("{budget}: **exceeded**"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(name: &str, seconds: f64, budget: Option<f64>) -> Measurement {
        let name = name.to_owned();
        Measurement {
            name,
            budget,
            median: seconds,
            minimum: seconds,
            processor: seconds,
        }
    }

    #[test]
    fn rows_are_ratios_and_budgets_are_judged() {
        let measurements = [
            measurement("base", 0.001, None),
            measurement("quick", 0.002, Some(2.2)),
            measurement("slow", 0.003, Some(2.2)),
        ];
        let table = render(&measurements, "base").expect("the baseline is there");
        assert!(
            table.contains("| base | 1.00 | 1.00 | 1.00 |  |"),
            "{table}"
        );
        assert!(
            table.contains("| quick | 2.00 | 2.00 | 2.00 | 2.2: kept |"),
            "{table}"
        );
        assert!(
            table.contains("| slow | 3.00 | 3.00 | 3.00 | 2.2: **exceeded** |"),
            "{table}"
        );
    }

    #[test]
    fn shares_are_held_against_budgets_in_seconds() {
        let share = |seconds, budget| Share {
            name: "plugin",
            seconds,
            budget,
        };
        let shares = vec![
            share(0.0005, None),
            share(0.001, Some(0.004)),
            share(0.005, Some(0.004)),
        ];
        let shares = Shares {
            base: 0.001,
            shares,
        };
        let table = render_shares(&shares).expect("a text takes all");
        for row in [
            "0.50 |  |",
            "1.00 | 25 %: kept |",
            "5.00 | 125 %: **exceeded** |",
        ] {
            assert!(table.contains(row), "{table}");
        }
    }

    #[test]
    fn a_table_needs_its_baseline() {
        assert!(render(&[measurement("quick", 0.002, None)], "base").is_err());
    }
}
