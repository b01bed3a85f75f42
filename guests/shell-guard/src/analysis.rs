//! Analyses a script as a shell would run it, without running anything. Tracks variables, the folder, functions and
//! files it writes, and passes each expanded command to [`crate::command`].
//!
//! Invariants: every branch counts as run; depth, commands and findings are limited, and exceeding a limit is itself a
//! finding.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::command;
use crate::paths::{Layout, Place};
use crate::rule::Rule;
use crate::rules;
use crate::shell::{self, Command, Pipeline, Redirect, Simple};
use crate::value::{Field, Origin, Output, shown};

/// Maximum nesting of scripts: more than people use, and safe for the guest's stack.
const DEEPEST: usize = 8;
/// Maximum commands analysed; every run of a function's body counts.
const MOST_COMMANDS: usize = 4096;
/// Maximum findings per rule; more help nobody, and many minor ones must not crowd out a serious one.
const MOST_OF_A_RULE: usize = 4;

/// The settings for the rules.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The operator's folders.
    pub layout: Layout,
    /// Branches whose history is protected.
    pub protected_branches: weir_glob::Globs,
}

/// A rule violation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The rule.
    pub rule: Rule,
    /// The cause, for display.
    pub message: String,
}

/// The possible values of a variable.
#[derive(Debug, Clone, Default)]
pub struct Variable {
    /// One, or several if a loop assigns them in turn.
    pub texts: Vec<String>,
    /// Their origin.
    pub origin: Origin,
}

/// A script being analysed.
pub struct Analysis<'a> {
    /// The operator's settings.
    pub settings: &'a Settings,
    /// The script's current folder.
    pub folder: Place,
    /// Variables set by the script.
    pub variables: BTreeMap<String, Variable>,
    /// Contents of files written by the script, by name.
    pub files: BTreeMap<String, Output>,
    /// Whether `$1` and so on have values.
    pub in_function: bool,
    functions: BTreeMap<String, Rc<Vec<Pipeline>>>,
    broken: BTreeSet<Broken>,
    depth: usize,
    commands: usize,
}

impl<'a> Analysis<'a> {
    /// A new analysis in a folder.
    pub fn new(settings: &'a Settings, folder: Place) -> Self {
        Self {
            settings,
            folder,
            variables: BTreeMap::new(),
            files: BTreeMap::new(),
            in_function: false,
            functions: BTreeMap::new(),
            broken: BTreeSet::new(),
            depth: 0,
            commands: 0,
        }
    }

    /// The violations.
    pub fn finish(self) -> Vec<Broken> {
        self.broken.into_iter().collect()
    }

    /// Records a violation.
    pub fn found(&mut self, rule: Rule, message: impl Into<String>) {
        if self.broken.iter().filter(|broken| broken.rule == rule).count() < MOST_OF_A_RULE {
            self.broken.insert(Broken { rule, message: message.into() });
        }
    }

    /// Records that something cannot be analysed.
    pub fn too_complex(&mut self, what: &str) {
        self.found(Rule::TooComplex, format!("{what}: the command cannot be judged"));
    }

    /// Analyses a part in a subshell: its changes of folder and variables are dropped afterwards.
    pub fn inside<T>(&mut self, part: impl FnOnce(&mut Self) -> T) -> T {
        let folder = self.folder.clone();
        let variables = self.variables.clone();
        let result = part(self);
        self.folder = folder;
        self.variables = variables;
        result
    }

    /// Analyses a script's text.
    pub fn script(&mut self, source: &str) -> Output {
        if self.depth >= DEEPEST {
            self.too_complex("scripts within scripts");
            return Output::default();
        }
        let script = shell::parse(source);
        if !script.complete {
            self.too_complex("too long or nested too deeply");
        }
        self.depth += 1;
        let output = self.list(&script.pipelines, &Output::default());
        self.depth -= 1;
        output
    }

    /// Analyses a command given as words.
    pub fn words(&mut self, words: Vec<Field>) {
        command::run(self, words, Output::default());
    }

    /// The location of a path relative to the current folder.
    pub fn place(&self, field: &Field) -> Place {
        self.settings.layout.resolve(&self.folder, &field.path())
    }

    /// Runs a function defined by the script; `None` if there is none with that name.
    pub fn function(&mut self, name: &str, arguments: &[Field], input: &Output) -> Option<Output> {
        let body = Rc::clone(self.functions.get(name)?);
        if self.depth >= DEEPEST {
            // Recursion is cut off.
            return Some(Output::default());
        }
        let outer = std::mem::replace(&mut self.in_function, true);
        for (index, argument) in arguments.iter().enumerate().take(9) {
            let value = Variable { texts: vec![argument.text.clone()], origin: argument.origin };
            self.variables.insert((index + 1).to_string(), value);
        }
        let all = arguments.iter().map(|argument| argument.text.clone()).collect();
        self.variables.insert("@".to_owned(), Variable { texts: all, origin: Origin::Plain });
        self.depth += 1;
        let output = self.list(&body, input);
        self.depth -= 1;
        self.in_function = outer;
        Some(output)
    }

    fn list(&mut self, pipelines: &[Pipeline], input: &Output) -> Output {
        let mut output = Output::known("");
        for pipeline in pipelines {
            output = output.then(self.pipeline(pipeline, input));
        }
        output
    }

    fn pipeline(&mut self, pipeline: &Pipeline, input: &Output) -> Output {
        let mut flow = input.clone();
        for command in &pipeline.commands {
            self.commands += 1;
            if self.commands > MOST_COMMANDS {
                self.too_complex("too many commands");
                return Output::default();
            }
            let origin = flow.origin;
            flow = self.command(command, flow);
            // A filter does not make data from the network harmless.
            flow.origin = flow.origin.max(origin);
        }
        flow
    }

    fn command(&mut self, command: &Command, input: Output) -> Output {
        match command {
            Command::Simple(simple) => self.simple(simple, input),
            Command::Group { body, subshell, redirects } => {
                let input = self.redirects(redirects, input, "a group of commands");
                let output =
                    if *subshell { self.inside(|inner| inner.list(body, &input)) } else { self.list(body, &input) };
                self.keep(redirects, &output);
                output
            }
            Command::Function { name, body } => {
                if rules::process::is_fork_bomb(name, body) {
                    self.found(Rule::ForkBomb, format!("function `{}` calls itself without end", shown(name)));
                }
                self.functions.insert(name.clone(), Rc::new(body.clone()));
                let outer = std::mem::replace(&mut self.in_function, true);
                self.depth += 1;
                if self.depth <= DEEPEST {
                    self.inside(|inner| inner.list(body, &Output::default()));
                }
                self.depth -= 1;
                self.in_function = outer;
                Output::known("")
            }
        }
    }

    fn simple(&mut self, simple: &Simple, input: Output) -> Output {
        let mut assigned: BTreeMap<&str, Variable> = BTreeMap::new();
        for (name, word) in &simple.assignments {
            let fields = self.expand(word);
            let variable = assigned.entry(name).or_default();
            variable.origin = fields.iter().map(|field| field.origin).fold(variable.origin, Ord::max);
            variable.texts.extend(fields.into_iter().map(|field| field.text));
            if variable.texts.is_empty() {
                variable.texts.push(String::new());
            }
        }
        for (name, variable) in assigned {
            self.variables.insert(name.to_owned(), variable);
        }
        let fields = self.expand_all(&simple.words);
        let name = fields.first().map(|field| field.text.clone()).unwrap_or_default();
        let input = self.redirects(&simple.redirects, input, &name);
        let output = if fields.is_empty() { Output::known("") } else { command::run(self, fields, input) };
        self.keep(&simple.redirects, &output);
        output
    }

    /// Checks where output goes, and returns the command's actual input.
    fn redirects(&mut self, redirects: &[Redirect], input: Output, name: &str) -> Output {
        let mut input = input;
        for redirect in redirects {
            match redirect {
                Redirect::Write(word) => {
                    for field in self.expand(word) {
                        rules::write::redirected(self, name, &field);
                    }
                }
                Redirect::Read(word) => {
                    for field in self.expand(word) {
                        input = command::content(self, &field);
                    }
                }
                Redirect::Here(word) => input = self.text(word),
            }
        }
        input
    }

    /// Remembers what is written to files, in case they are run later.
    fn keep(&mut self, redirects: &[Redirect], output: &Output) {
        for redirect in redirects {
            if let Redirect::Write(word) = redirect
                && let [field] = self.expand(word).as_slice()
            {
                self.files.insert(field.text.clone(), output.clone());
            }
        }
    }
}
