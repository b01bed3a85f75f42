//! A very small SQL: `SELECT … FROM … WHERE … ORDER BY … LIMIT …` over the sample tables.
//!
//! Invariants: a query's text and nesting are bounded; nothing is ever changed.
//!
//! Not here: joins, expressions, aggregates other than `COUNT(*)`.

mod condition;
mod lexer;
mod parser;
mod table;

use serde_json::{Map, Value};

use parser::{Columns, Query};
use table::Table;

/// Longest query that is read.
const MAX_BYTES: usize = 4096;

/// The rows that a query selects, as a JSON list of objects.
pub fn query(sql: &str) -> Result<String, String> {
    if sql.len() > MAX_BYTES {
        return Err(format!("a query has at most {MAX_BYTES} bytes"));
    }
    let query = parser::parse(&lexer::tokens(sql)?)?;
    let table = Table::named(&query.table)?;
    let rows = select(&query, &table)?;
    Ok(Value::Array(rows).to_string())
}

fn select(query: &Query, table: &Table) -> Result<Vec<Value>, String> {
    let mut rows = Vec::new();
    for row in table.rows() {
        let keep = match &query.condition {
            Some(condition) => condition.holds(table, row)?,
            None => true,
        };
        if keep {
            rows.push(row);
        }
    }
    if let Some(order) = &query.order {
        let column = table.column(&order.column)?;
        rows.sort_by(|a, b| a[column].compare(&b[column]));
        if order.descending {
            rows.reverse();
        }
    }
    let columns = match &query.columns {
        Columns::Count => {
            let count = Map::from_iter([("count".to_owned(), Value::from(rows.len()))]);
            return Ok(vec![Value::Object(count)]);
        }
        Columns::All => table.columns().to_vec(),
        Columns::Named(names) => names.clone(),
    };
    let indices = columns.iter().map(|name| table.column(name)).collect::<Result<Vec<_>, _>>()?;
    let limit = query.limit.unwrap_or(usize::MAX);
    let object = |row: &[table::Cell]| {
        let members = indices.iter().map(|index| (table.columns()[*index].clone(), row[*index].to_json()));
        Value::Object(members.collect())
    };
    Ok(rows.into_iter().take(limit).map(object).collect())
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn queries_have_real_answers() {
        for (sql, expected) in [
            ("select name from customers where id = 2", r#"[{"name":"Mateo Alvarez"}]"#),
            ("SELECT COUNT(*) FROM orders WHERE status = 'shipped' AND amount > 50;", r#"[{"count":2}]"#),
            (
                "SELECT id, amount FROM orders ORDER BY amount DESC LIMIT 2",
                r#"[{"id":105,"amount":1299.00},{"id":103,"amount":420.00}]"#,
            ),
            (
                "SELECT id FROM customers WHERE NOT (plan = 'pro' OR plan = 'team') ORDER BY id",
                r#"[{"id":2},{"id":5}]"#,
            ),
            ("SELECT id FROM customers WHERE email LIKE '%.org' AND city <> 'Berlin'", r#"[{"id":2}]"#),
            ("SELECT id FROM customers WHERE name = 'O''Hara'", "[]"),
            (
                "SELECT * FROM orders WHERE id = 106",
                r#"[{"id":106,"customer_id":5,"item":"lamp","amount":24.90,"status":"shipped"}]"#,
            ),
        ] {
            assert_eq!(query(sql).as_deref(), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn what_is_not_understood_says_what_would_be() {
        for (sql, part) in [
            ("", "SELECT"),
            ("DELETE FROM customers", "SELECT"),
            ("SELECT name FROM people", "customers, orders"),
            ("SELECT nme FROM customers", "id, name, email"),
            ("SELECT name FROM customers WHERE", "column"),
            ("SELECT name FROM customers WHERE city = Oslo", "'Oslo'"),
            ("SELECT name FROM customers WHERE city = 'Oslo", "quote"),
            ("SELECT name FROM customers LIMIT x", "LIMIT"),
            ("SELECT name FROM customers; DROP TABLE customers", "end"),
            ("SELECT a FROM b WHERE c % 1", "'%'"),
        ] {
            let error = query(sql).unwrap_err();
            assert!(error.contains(part), "{sql}: {error}");
        }
        assert!(query(&format!("SELECT id FROM orders WHERE {}", "(".repeat(2000))).unwrap_err().contains("nested"));
        assert!(query(&"x".repeat(5000)).is_err());
    }
}
