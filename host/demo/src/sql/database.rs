//! The database of one process.

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::fence::{self, MAX_QUERY};
use super::{complaint, rows, shop};

/// The sample tables.
pub struct Database {
    connection: Mutex<Connection>,
}

impl Database {
    /// Fresh tables in memory.
    pub fn open() -> rusqlite::Result<Self> {
        // Without the URI flag, so that no text can name a file.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_in_memory_with_flags(flags)?;
        shop::fill(&connection)?;
        fence::close(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// The selected rows as a JSON list of objects, or what is wrong with the query.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        if sql.len() > MAX_QUERY {
            return Err(format!("a query has at most {MAX_QUERY} bytes"));
        }
        let mut connection = self.connection.lock();
        fence::limit_time(&mut connection).map_err(|error| complaint::of(&error, sql))?;
        let mut statement = connection.prepare(sql).map_err(|error| complaint::of(&error, sql))?;
        // Only white space, or EXPLAIN, which the fence treats as the explained query.
        if statement.column_count() == 0 || statement.is_explain() != 0 {
            return Err(complaint::only_select());
        }
        rows::read(&mut statement).map_err(|error| match error {
            rows::ReadError::Sql(error) => complaint::of(&error, sql),
            rows::ReadError::TooMany => complaint::too_many(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(sql: &str) -> Result<String, String> {
        Database::open().unwrap().query(sql)
    }

    #[test]
    fn queries_have_real_answers() {
        for (sql, expected) in [
            ("select name from customers where id = 2", r#"[{"name":"Mateo Alvarez"}]"#),
            ("SELECT NAME FROM Customers WHERE ID = 2", r#"[{"name":"Mateo Alvarez"}]"#),
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
            (
                "SELECT c.city, sum(o.amount) AS total FROM orders o JOIN customers c ON c.id = o.customer_id \
                 GROUP BY c.city ORDER BY total LIMIT 1",
                r#"[{"city":"Berlin","total":24.90}]"#,
            ),
            ("SELECT count(*) FROM (SELECT id FROM orders WHERE amount > 300)", r#"[{"count":3}]"#),
            (
                "SELECT 1.0 / 3 AS a, NULL AS b, x'00ff' AS c, 9e999 AS d",
                r#"[{"a":0.3333333333333333,"b":null,"c":"2 bytes that are not text","d":null}]"#,
            ),
        ] {
            assert_eq!(query(sql).as_deref(), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn what_is_not_understood_says_what_would_be() {
        let nested = format!("SELECT id FROM orders WHERE {} 1", "NOT ".repeat(200));
        for (sql, part) in [
            ("", "SELECT"),
            (" -- nothing", "SELECT"),
            ("SELECT name FROM people", "customers, orders"),
            ("SELECT nme FROM customers", "id, name, email"),
            ("SELECT name FROM customers WHERE", "column"),
            ("SELECT name FROM customers WHERE city = Oslo", "'Oslo'"),
            ("SELECT name FROM customers WHERE city = \"Oslo\"", "'Oslo'"),
            ("SELECT name FROM customers WHERE city = 'Oslo", "quote"),
            ("SELECT name FROM customers LIMIT x", "no column x"),
            ("SELECT name FROM customers LIMIT 1 1", "LIMIT"),
            ("SELECT name FROM customers; DROP TABLE customers", "SELECT"),
            ("SELECT 1; SELECT 2", "end"),
            ("SELECT name FROM customers WHERE %", "near \"%\""),
            ("SELECT id FROM customers WHERE id = ?", "variables"),
            (nested.as_str(), "nested"),
        ] {
            let error = query(sql).unwrap_err();
            assert!(error.contains(part), "{sql}: {error}");
        }
        assert!(query(&format!("SELECT id FROM orders WHERE {}", "(".repeat(2000))).unwrap_err().contains("nested"));
        assert!(query(&"x".repeat(5000)).unwrap_err().contains("4096 bytes"));
    }

    #[test]
    fn nothing_but_the_sample_tables_can_be_reached() {
        let database = Database::open().unwrap();
        for sql in [
            "DELETE FROM customers",
            "UPDATE orders SET amount = 0",
            "INSERT INTO orders (id) VALUES (1)",
            "DROP TABLE customers",
            "CREATE TABLE a (b)",
            "CREATE TEMP TABLE a AS SELECT * FROM customers",
            "ATTACH 'weir-demo-must-not-be.db' AS a",
            "DETACH main",
            "VACUUM INTO 'weir-demo-must-not-be.db'",
            "PRAGMA journal_mode = WAL",
            "PRAGMA query_only = 0",
            "PRAGMA temp_store_directory = '.'",
            "BEGIN",
            "SAVEPOINT a",
            "REINDEX",
            "ANALYZE",
            "EXPLAIN SELECT * FROM customers",
            "EXPLAIN QUERY PLAN SELECT * FROM customers",
            "SELECT load_extension('a')",
            "SELECT randomblob(1000000000)",
            "SELECT sqlite_version()",
            "SELECT writefile('weir-demo-must-not-be', 'a')",
            "SELECT * FROM sqlite_master",
            "SELECT * FROM sqlite_schema",
            "SELECT * FROM pragma_database_list",
            "SELECT * FROM json_each('[1]')",
            "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT n FROM a LIMIT 3",
        ] {
            assert!(database.query(sql).is_err(), "{sql}");
        }
        assert_eq!(database.query("SELECT count(*) FROM customers").as_deref(), Ok(r#"[{"count":5}]"#));
        assert!(!std::path::Path::new("weir-demo-must-not-be.db").exists());
    }

    #[test]
    fn a_query_is_bounded_in_time_rows_and_bytes() {
        let database = Database::open().unwrap();
        let tables: Vec<String> = (0..14).map(|index| format!("orders t{index}")).collect();
        let start = std::time::Instant::now();
        let slow = format!("SELECT count(*) FROM {} WHERE t0.item LIKE t13.item || 'x'", tables.join(", "));
        let error = database.query(&slow).unwrap_err();
        assert!(error.contains("100 ms"), "{error}");
        assert!(start.elapsed().as_secs() < 10);
        let sorted = format!("SELECT t0.item FROM {} ORDER BY t1.item", tables.join(", "));
        assert!(database.query(&sorted).unwrap_err().contains("100 ms"));

        let rows = format!("SELECT t0.id FROM {}", tables[..4].join(", "));
        assert!(database.query(&rows).unwrap_err().contains("1000 rows"));
        assert!(database.query(&format!("{rows} LIMIT 1000")).is_ok());
        let wide = "replace(replace(replace('aaaaaaaaaaaaaaaa', 'a', 'bbbbbbbbbbbbbbbb'), 'b', 'cccccccccccccccc'), 'c', 'ddd')";
        assert!(database.query(&format!("SELECT {wide} AS a FROM orders a, orders b")).unwrap_err().contains("bytes"));
        let large = format!("SELECT length(replace({wide}, 'd', '{}'))", "e".repeat(1000));
        assert!(database.query(&large).unwrap_err().contains("too big"));
        // The next query has its own time.
        assert!(database.query("SELECT 1 AS one").is_ok());
    }
}
