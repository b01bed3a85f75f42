//! The sample data: files for `read_file`; some are also loaded as tables.

/// A token that grants nothing, split in two so that secret scanners do not flag the source.
pub const SAMPLE_TOKEN: [&str; 2] = ["ghp_", "x7Kq2mVd9RtB4nWc8ZsY1pLf6HgJ3uEa5TQo"];

/// The customers, as a file and as a table.
pub const CUSTOMERS: &str = include_str!("../data/customers.csv");

/// The orders, as a table.
pub const ORDERS: &str = include_str!("../data/orders.csv");

/// The files by their names, each in parts.
pub const FILES: &[(&str, &[&str])] = &[
    ("readme.md", &[include_str!("../data/readme.md")]),
    (
        "deploy.env",
        &[
            "# how the shop is deployed\nREGION=eu-north-1\nGITHUB_TOKEN=",
            SAMPLE_TOKEN[0],
            SAMPLE_TOKEN[1],
            "\nREPLICAS=3\n",
        ],
    ),
    ("customers.csv", &[CUSTOMERS]),
];
