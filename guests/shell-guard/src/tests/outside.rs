//! Writes outside the workspace.

use serde_json::json;

use super::check;
use crate::call;
use crate::config::Config;

#[test]
fn files_outside_are_not_written() {
    check(
        &["write_outside"],
        &[
            "echo x > /etc/hosts",
            "echo x >> ~/.bashrc",
            "echo x > ../x",
            "echo x > a/../../x",
            "echo x >| /etc/hosts",
            "make &> /var/log/x",
            "make >& /var/log/x",
            "make 2> /var/log/x",
            "{ echo a; echo b; } > /etc/x",
            "(echo a) > /etc/x",
            "for i in 1; do echo $i; done > /etc/x",
            "> /etc/x",
            "echo x | tee /etc/x",
            "echo x | sudo tee -a /etc/hosts > /dev/null",
            "cp a /etc/x",
            "cp -t /etc a b",
            "mv a ~/a",
            "mv /etc/passwd .",
            "mv ../x .",
            "install -m 755 a /usr/local/bin/a",
            "ln -s a /usr/bin/a",
            "rm /etc/passwd",
            "rm -f ~/.ssh/id_rsa",
            "rm -rf /opt/x/y",
            "touch /etc/x",
            "mkdir -p ~/x",
            "truncate -s 0 /var/log/syslog",
            "sed -i s/a/b/ /etc/hosts",
            "sed -i -e s/a/b/ ~/.profile",
            "dd if=a of=/etc/x",
            "curl -o /etc/x https://example.com/x",
            "curl -fsSLo ~/x https://example.com/x",
            "wget -O /etc/x https://example.com/x",
            "wget -P /etc https://example.com/x",
            "tar -xf a.tar -C /etc",
            "tar xzf a.tgz -C /usr/local",
            "tar czf ~/a.tgz .",
            "unzip a.zip -d /etc",
            "git clone https://example.com/x ~/x",
            "cd /etc && echo x > hosts",
            "cd .. && touch x",
            "cd src && cp a ../../b",
            "chmod 777 /etc/passwd",
            "echo x > \"$HOME/.bashrc\"",
            "D=/etc; echo x > $D/hosts",
            "sh -c 'echo x > /etc/hosts'",
            "rsync -a src/ ~/backup/",
            "find /var -name '*.log' -delete",
            "find /var/x -name '*.log' -exec rm {} \\;",
            "echo x > /tmp/../etc/hosts",
            "echo x > /tmp",
            "echo x > /dev/tcp",
        ],
    );
}

#[test]
fn the_workspace_may_be_named() {
    let named = Config { workspace: Some("/home/ann/project".into()), ..Config::default() };
    let usual = Config::default();
    let count = |config: &Config, arguments, folder| call::judge(config, &arguments, folder).len();

    let inside = json!({"command": "echo x > /home/ann/project/a; cd /home/ann/project/src && touch ../b"});
    assert_eq!(count(&named, inside.clone(), None), 0);
    assert_eq!(count(&usual, inside.clone(), None), 2);
    assert_eq!(count(&usual, inside, Some("/home/ann/project")), 0);

    let outside = json!({"command": "touch x", "cwd": "/etc"});
    assert_eq!(count(&named, outside.clone(), None), 1);
    assert_eq!(count(&usual, outside, None), 1);
    let told = json!({"command": "touch x /srv/app/y", "workdir": "/srv/app"});
    assert_eq!(count(&usual, told.clone(), None), 0);
    assert_eq!(count(&named, told, None), 2);
}

#[test]
fn further_folders_may_be_allowed() {
    let config = Config { allow: vec!["/data".into(), "~/cache".into()], ..Config::default() };
    let count = |command: &str| call::judge(&config, &json!({ "command": command }), None).len();
    assert_eq!(count("touch /data/x ~/cache/y"), 0);
    assert_eq!(count("touch /tmp/x"), 1);
    assert_eq!(count("touch /database/x"), 1);
}
