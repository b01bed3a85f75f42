//! The sample tables, filled from their text.

use rusqlite::{Connection, params_from_iter};

use crate::sample::{CUSTOMERS, ORDERS};

/// A table of the demo.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its CREATE TABLE statement. The column types turn texts into numbers.
    schema: &'static str,
    /// The column names, then one row per line. No value contains a comma.
    text: &'static str,
}

/// The tables.
pub const TABLES: [Table; 2] = [
    Table {
        name: "customers",
        schema: "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, phone TEXT, city TEXT, plan TEXT)",
        text: CUSTOMERS,
    },
    Table {
        name: "orders",
        schema: "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, item TEXT, amount REAL, status TEXT)",
        text: ORDERS,
    },
];

impl Table {
    /// Names of its columns.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines().next().unwrap_or_default().split(',')
    }

    fn rows(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines().skip(1)
    }
}

/// Creates and fills the tables.
pub fn fill(connection: &Connection) -> rusqlite::Result<()> {
    for table in &TABLES {
        connection.execute(table.schema, [])?;
        let places = vec!["?"; table.columns().count()].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO {} VALUES ({places})", table.name))?;
        for row in table.rows() {
            insert.execute(params_from_iter(row.split(',')))?;
        }
    }
    Ok(())
}
