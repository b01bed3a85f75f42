//! Destructive commands, plain and disguised.

use super::check;

#[test]
fn folders_that_matter_are_not_deleted() {
    check(
        &["destructive_delete"],
        &[
            "rm -rf /",
            "rm -rf / --no-preserve-root",
            "rm -r -f /*",
            "rm -fr ~",
            "rm -rf ~/",
            "rm -rf ~/*",
            "rm -rf $HOME",
            "rm -rf \"${HOME}\"/*",
            "rm -rf .",
            "rm -rf ..",
            "rm -rf ../..",
            "rm -rf *",
            "rm -rf ./*",
            "rm -rf ./* .[!.]*",
            "rm --recursive --force /etc",
            "rm -R /usr",
            "rm -rf /home/ann",
            "rm -rf -- /",
            "rm -rf .git",
            "rm -rf $PWD",
            "rm -rf \"$(pwd)\"/../..//etc /var || rm -rf /",
            "find / -delete",
            "find . -delete",
            "find / -exec rm -rf {} +",
            "find . -type f -exec rm -r {} \\;",
            "cd / && rm -rf *",
            "cd ..; rm -rf *",
            "(cd ~ && rm -rf *)",
            "pushd /etc && rm -rf .",
        ],
    );
}

#[test]
fn disguises_are_seen_through() {
    check(
        &["destructive_delete"],
        &[
            "/bin/rm -rf /",
            "\\rm -rf /",
            "r\"\"m -rf /",
            "'r'm -rf /",
            "rm -rf \"/\"",
            "rm -rf '/'",
            "rm -r\\f /",
            "$'\\x72\\x6d' -rf /",
            "rm${IFS}-rf${IFS}/",
            "rm$IFS$9-rf$IFS$9/",
            "{rm,-rf,/}",
            "X=/; rm -rf $X",
            "X=rm; Y=-rf; $X $Y /",
            "CMD='rm -rf /'; $CMD",
            "CMD='rm -rf /'; eval \"$CMD\"",
            "eval rm -rf /",
            "eval 'rm' '-rf' '/'",
            "$(echo rm) -rf /",
            "`echo rm` -rf /",
            "$(printf 'r%s' m) -rf /",
            "echo / | xargs rm -rf",
            "echo / | xargs -I{} rm -rf {}",
            "echo 'rm -rf /' | sh",
            "printf '%s\\n' 'rm -rf /' | bash -s",
            "sh -c 'rm -rf /'",
            "bash -lc \"rm -rf /\"",
            "sh -c 'sh -c \"rm -rf /\"'",
            "sh -c 'rm -rf \"$1\"' x /",
            "bash <<< 'rm -rf /'",
            "bash <<EOF\nrm -rf /\nEOF",
            "cat <<'EOF' | sh\nrm -rf /\nEOF",
            "source <(echo 'rm -rf /')",
            "bash <(echo 'rm -rf /')",
            "sudo rm -rf /",
            "sudo -u root -- rm -rf /",
            "sudo FOO=bar rm -rf /",
            "env -i rm -rf /",
            "env -S 'rm -rf /'",
            "FOO=bar BAR=baz rm -rf /",
            "nohup timeout -k 5 10 nice -n 5 rm -rf / &",
            "busybox rm -rf /",
            "command rm -rf /",
            "exec rm -rf /",
            "time rm -rf /",
            "ls; rm -rf /",
            "ls&&rm -rf /",
            "true|rm -rf /",
            "! rm -rf /",
            "if true; then rm -rf /; fi",
            "for d in / /etc; do rm -rf $d; done",
            "for d in a b; do rm -rf \"/$d/..\"; done",
            "while true; do rm -rf /; done",
            "case x in x) rm -rf /;; esac",
            "f() { rm -rf \"$1\"; }; f /",
            "function f { rm -rf /; }",
            "alias x='rm -rf /'",
            "trap 'rm -rf /' EXIT",
            "echo $(rm -rf /)",
            "echo \"today: $(rm -rf /)\"",
            "echo \"`rm -rf /`\"",
            "ssh host 'rm -rf /'",
            "su -c 'rm -rf /'",
            "echo 'rm -rf /' > x.sh; sh x.sh",
            "cat > x.sh <<EOF\nrm -rf /\nEOF\nbash ./x.sh",
            "echo 'rm -rf /' > x.sh && chmod +x x.sh && ./x.sh",
            "rm \\\n  -rf \\\n  /",
            "rm -rf \t /",
            "# harmless\nrm -rf /",
            "true # comment\nrm -rf /",
            "rm -rf //",
            "rm -rf /./",
            "rm -rf /etc/..",
            "rm -rf ${UNSET:-/}",
            "export D=/; rm -rf $D",
            "rm -rf /{bin,etc}",
            "rm -rf ~root",
            "rm $X-rf / -r",
            "rm -rf '/' > /dev/null 2>&1 &",
            "watch 'rm -rf /'",
            "echo $(( rm -rf / ) )",
            "echo ${x:-$(rm -rf /)}",
            "echo \"${x:-`rm -rf /`}\"",
            "echo ${a[$(rm -rf /)]}",
            "echo ${x//a/$(rm -rf /)}",
            "echo ${x:-\"$(rm -rf /)\"}",
            "echo $[$(rm -rf /)]",
            "echo $(( $(rm -rf /) + 1 ))",
            "rm -rf ${X:-${Y:-/}}",
            "rm -rf ${X:-$HOME}",
            "echo \"$(echo \"$(rm -rf /)\")\"",
            "parallel rm -rf / ::: 1",
        ],
    );
}

#[test]
fn disks_are_not_written() {
    check(
        &["disk_write"],
        &[
            "mkfs.ext4 /dev/sda1",
            "mkfs -t ext4 /dev/sda1",
            "dd if=/dev/zero of=/dev/sda bs=1M",
            "sudo dd of=/dev/nvme0n1 if=x.img",
            "cat x.img > /dev/sda",
            "echo x >> /dev/sdb",
            "cp x.img /dev/mmcblk0",
            "tee /dev/sda < x",
            "wipefs -a /dev/sda",
            "shred -n 1 /dev/sda",
            "diskutil eraseDisk APFS x disk2",
            "parted /dev/sda mklabel gpt",
        ],
    );
}

#[test]
fn permissions_of_folders_that_matter_stay() {
    check(
        &["permission_change"],
        &[
            "chmod -R 777 /",
            "chmod -R 777 .",
            "chown -R me ~",
            "chown -R me:me /etc",
            "chmod --recursive a+rwx ..",
            "chgrp -R x /usr/*",
        ],
    );
}

#[test]
fn history_stays() {
    check(
        &["git_force_push"],
        &[
            "git push --force origin main",
            "git push -f origin master",
            "git push origin +main",
            "git push origin +HEAD:main",
            "git push --force-with-lease origin HEAD:refs/heads/main",
            "git -C sub push -f origin release/1.0",
            "git push origin :main",
            "git push origin --delete main",
            "git push --mirror",
            "git push --force",
            "git push -f origin",
        ],
    );
    check(
        &["git_discard"],
        &[
            "git reset --hard",
            "git reset --hard HEAD~3",
            "git clean -fdx",
            "git checkout -- .",
            "git checkout .",
            "git restore .",
            "git stash clear",
            "git branch -D feature",
        ],
    );
}

#[test]
fn the_machine_goes_on() {
    check(&["power"], &["shutdown -h now", "sudo reboot", "init 0", "systemctl poweroff", "halt"]);
    check(&["kill_all"], &["kill -9 -1", "kill -- -1", "kill -KILL -1", "pkill -9 ."]);
    check(
        &["fork_bomb"],
        &[
            ":(){ :|:& };:",
            ":(){ :|: & };:",
            "bomb() { bomb | bomb & }; bomb",
            "function b { b & b & }; b",
            "f(){ f|f;};f",
        ],
    );
}

#[test]
fn a_variable_that_may_be_empty_is_told() {
    check(&["unset_variable"], &["rm -rf \"$STEAMROOT/\"*", "rm -rf $DIR/", "rm -rf ${X}/*"]);
}
