//! Columns of text that line up.

use secret_runtime::line::one_line;

/// A table with a heading. No cell ends its line, or shows it in another order.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| one_line(&cell)).into());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up_and_lines_have_no_blanks_at_the_end() {
        let mut table = Table::new(&["NAME", "FROM"]);
        table.row(["A".into(), "é:x".into()]);
        table.row(["LONGER".into(), String::new()]);
        assert_eq!(table.to_string(), "NAME    FROM\nA       é:x\nLONGER\n");
    }

    #[test]
    fn no_cell_makes_a_row_or_turns_one_around() {
        let mut table = Table::new(&["NAME"]);
        table.row(["x\nA\u{202e}\u{9b}".into()]);
        assert_eq!(table.to_string(), "NAME\nx\u{fffd}A\u{fffd}\u{fffd}\n");
    }
}
