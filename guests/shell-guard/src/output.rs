//! The output of well-known commands, as far as arguments and input determine it.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::content;
use crate::paths::UNKNOWN;
use crate::value::{Field, Origin, Output};

/// The output of a command.
pub fn of(analysis: &mut Analysis<'_>, name: &str, fields: &[Field], input: Output) -> Output {
    let arguments = Arguments::new(fields, &[]);
    match name {
        "echo" => echo(fields),
        "printf" => printf(fields),
        "tee" | "sponge" => {
            for file in arguments.operands {
                analysis.files.insert(file.text.clone(), input.clone());
            }
            input
        }
        "cat" | "tac" | "head" | "tail" | "less" | "more" | "pv" => {
            let files = &arguments.operands;
            files
                .iter()
                .filter(|field| field.text != "-")
                .fold(input_or_nothing(&input, files), |output, field| output.then(content(analysis, field)))
        }
        "true" | ":" | "false" | "set" | "shift" | "unset" | "mkdir" | "rm" | "touch" | "chmod" | "sleep" | "test"
        | "[" | "exit" | "return" | "wait" | "popd" => Output::known(""),
        "curl" | "wget" | "fetch" | "aria2c" | "http" | "https" | "xh" | "httpie" | "lynx" | "links" | "w3m" | "nc"
        | "ncat" | "netcat" | "socat" | "telnet" | "ftp" | "tftp" | "dig" | "nslookup" | "lwp-request" | "GET" => {
            Output::unknown(Origin::Network)
        }
        "base64" | "base32" | "basenc" if arguments.has(&["d", "D", "decode"]) => Output::unknown(Origin::Decoded),
        "xxd" if arguments.has(&["r", "revert"]) => Output::unknown(Origin::Decoded),
        "openssl" | "gpg" | "uudecode" | "age" | "rot13" => Output::unknown(Origin::Decoded),
        "gunzip" | "zcat" | "bunzip2" | "bzcat" | "unxz" | "xzcat" | "unzstd" | "zstdcat" => {
            Output::unknown(Origin::Decoded)
        }
        "gzip" | "bzip2" | "xz" | "zstd" if arguments.has(&["d", "decompress"]) => Output::unknown(Origin::Decoded),
        // Transforming text from the command line in order to run it is a way of hiding it.
        "rev" | "tr" | "sed" | "awk" | "cut" | "perl" | "python3" | "python" | "fold" | "sort"
            if input.text.is_some() =>
        {
            Output::unknown(Origin::Decoded)
        }
        _ => Output::unknown(Origin::Plain),
    }
}

/// A filter's input, if it has no files or one of them is `-`; otherwise nothing.
fn input_or_nothing(input: &Output, files: &[&Field]) -> Output {
    let reads = files.is_empty() || files.iter().any(|field| field.text == "-");
    if reads { input.clone() } else { Output::known("") }
}

fn echo(fields: &[Field]) -> Output {
    let options = fields.iter().take_while(|field| {
        field.text.len() > 1 && field.text.starts_with('-') && field.text[1..].chars().all(|c| "neE".contains(c))
    });
    let options = options.count();
    let escapes = fields[..options].iter().any(|field| field.text.contains('e'));
    let words: Vec<_> = fields[options..].iter().map(|field| field.text.as_str()).collect();
    let text = words.join(" ");
    let text = if escapes { unescaped(&text) } else { text };
    written(fields, text + "\n")
}

fn printf(fields: &[Field]) -> Output {
    let Some((format, values)) = fields.split_first() else { return Output::known("") };
    let mut values = values.iter();
    let mut text = String::new();
    loop {
        let before = values.len();
        let mut characters = format.text.chars().peekable();
        while let Some(character) = characters.next() {
            if character != '%' {
                text.push(character);
                continue;
            }
            // Flags and widths only change the padding.
            while characters.next_if(|c| "-+ #0123456789.".contains(*c)).is_some() {}
            match characters.next() {
                Some('%') | None => text.push('%'),
                Some(_) => text.push_str(values.next().map_or("", |value| &value.text)),
            }
        }
        // The format is reused for the remaining arguments.
        if values.len() == 0 || values.len() == before {
            break;
        }
    }
    written(fields, unescaped(&text))
}

fn written(fields: &[Field], text: String) -> Output {
    let origin = fields.iter().map(|field| field.origin).max().unwrap_or_default();
    Output { text: Some(text), origin }
}

/// The escapes of `echo -e` and `printf`.
fn unescaped(text: &str) -> String {
    let mut result = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            result.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => result.push('\n'),
            Some('t') => result.push('\t'),
            Some('x') => result.push(code(&mut characters, 16, 2)),
            Some('0') => result.push(code(&mut characters, 8, 3)),
            Some(digit @ '1'..='7') => {
                let first = digit.to_digit(8).unwrap_or_default();
                let rest = code(&mut characters, 8, 2);
                result.push(
                    char::from_u32(if rest == UNKNOWN { first } else { first * 64 + rest as u32 }).unwrap_or(UNKNOWN),
                );
            }
            Some(other) => result.push(other),
            None => result.push('\\'),
        }
    }
    result
}

fn code(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, most: usize) -> char {
    let mut value = 0;
    for _ in 0..most {
        let Some(digit) = characters.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value * radix + digit;
        characters.next();
    }
    char::from_u32(value).unwrap_or(UNKNOWN)
}
