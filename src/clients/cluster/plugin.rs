//! Credential plugins, as `aws eks get-token`: a kubeconfig names a program that tells the token.
//!
//! Nobody ends one that hangs, and it is asked again whenever its token runs out. So each is started
//! through this program once more, which ends it when its time is over.

use std::{
    ffi::OsString,
    io::IsTerminal,
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitCode},
    sync::mpsc,
    thread,
    time::Duration,
};

use kube::config::{ExecConfig, Kubeconfig};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use crate::clients::this_program;

/// First argument of a program that is started to be a plugin's limit; the milliseconds and the plugin
/// follow.
const LIMITED: &str = "__credentials";

/// How long a plugin may take that asks nobody.
const LIMIT: Duration = Duration::from_secs(30);

/// How long one may take where somebody can be asked, as for a login in the browser.
const ASKING: Duration = Duration::from_secs(300);

/// How a plugin ends that was ended, as coreutils' `timeout` has it.
const TOO_LONG: u8 = 124;

/// Lets every plugin of the kubeconfig be started through us.
pub(super) fn limit(content: &mut Kubeconfig) {
    let limit = if is_attended() { ASKING } else { LIMIT };
    let users = content.auth_infos.iter_mut();
    let users = users.filter_map(|user| user.auth_info.as_mut());
    for plugin in users.filter_map(|user| user.exec.as_mut()) {
        through_us(plugin, limit);
    }
}

/// Whether somebody can be asked.
fn is_attended() -> bool {
    std::io::stdin().is_terminal()
}

fn through_us(plugin: &mut ExecConfig, limit: Duration) {
    let us = this_program().to_str().map(str::to_owned);
    let (Some(command), Some(us)) = (plugin.command.take(), us) else {
        return;
    };
    let own = [LIMITED.to_owned(), limit.as_millis().to_string(), command];
    let given = plugin.args.take().unwrap_or_default();
    plugin.args = Some(own.into_iter().chain(given).collect());
    plugin.command = Some(us);
}

/// Does the work of a plugin's limit if the process was started as one. To be called first in `main`.
pub fn run_if_started() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != LIMITED {
        return None;
    }
    Some(limited(arguments.collect()).unwrap_or_else(|error| {
        eprintln!("error: the kubeconfig's credential plugin: {error}");
        ExitCode::FAILURE
    }))
}

fn limited(arguments: Vec<OsString>) -> std::io::Result<ExitCode> {
    let [limit, program, arguments @ ..] = &arguments[..] else {
        return Err(std::io::Error::other("it is started by no person"));
    };
    let milliseconds = limit.to_str().and_then(|text| text.parse().ok());
    let limit = milliseconds.map_or(LIMIT, Duration::from_millis);
    // What it starts itself is to end with it; but only our own group may read from a terminal.
    let alone = !is_attended();
    let mut command = Command::new(program);
    command.args(arguments);
    if alone {
        command.process_group(0);
    }
    let child = command
        .spawn()
        .map_err(|error| std::io::Error::other(format!("{}: {error}", program.display())))?;
    wait(child, limit, alone, &program.to_string_lossy())
}

fn wait(
    mut child: Child,
    limit: Duration,
    alone: bool,
    program: &str,
) -> std::io::Result<ExitCode> {
    let pid = Pid::from_child(&child);
    let (ended, ends) = mpsc::channel();
    let watch = thread::spawn(move || {
        let too_long = ends.recv_timeout(limit).is_err();
        if too_long {
            let _ = match alone {
                true => kill_process_group(pid, Signal::KILL),
                false => kill_process(pid, Signal::KILL),
            };
        }
        too_long
    });
    // It is waited for without being taken note of: until then its number is nobody else's.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == rustix::io::Errno::INTR) {}
    let _ = ended.send(());
    let too_long = watch.join().unwrap_or_default();
    let status = child.wait()?;
    if too_long {
        let seconds = limit.as_secs_f32();
        eprintln!("error: the credential plugin {program} does not end within {seconds} s");
        return Ok(ExitCode::from(TOO_LONG));
    }
    let code = status.code().unwrap_or(i32::from(TOO_LONG));
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_started_through_us_with_all_that_it_is_told() {
        let plugin = serde_json::json!({"command": "aws", "args": ["eks", "get-token"]});
        let mut plugin: ExecConfig = serde_json::from_value(plugin).unwrap();
        through_us(&mut plugin, LIMIT);
        assert_eq!(plugin.command.as_deref(), this_program().to_str());
        let arguments = plugin.args.unwrap();
        assert_eq!(arguments, [LIMITED, "30000", "aws", "eks", "get-token"]);
    }
}
