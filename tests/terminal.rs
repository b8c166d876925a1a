//! What the programs look like to somebody at a terminal.

use std::{
    fs::File,
    io::Read,
    num::NonZero,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use testbed::wait_until;

use crate::site::Program;

const ROWS: u16 = 30;

impl Drop for Terminal {
    /// A test that failed leaves no program.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal of so many columns, with a program at work in it.
pub struct Terminal {
    child: Child,
    screen: Arc<Mutex<vt100::Parser>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    pub fn run(program: Program, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let size = Winsize {
            ws_row: ROWS,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("a size");
        let path = ptsname(&master, Vec::new()).expect("its other side");
        let side =
            open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other side");
        let side = || Stdio::from(side.try_clone().expect("one more handle"));
        let Program(mut command) = program;
        let child = command
            .env("TERM", "xterm-256color")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("the program starts");
        drop(command);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            cells(ROWS),
            cells(columns),
            0,
        )));
        let drawn = Arc::clone(&screen);
        let mut master = File::from(master);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Reading fails once the program has closed its side.
            while let Ok(count) = master.read(&mut bytes) {
                drawn
                    .lock()
                    .expect("nobody panics with it")
                    .process(&bytes[..count]);
            }
        });
        Self {
            child,
            screen,
            reader: Some(reader),
        }
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        let screen = self.screen.lock().expect("nobody panics with it");
        let text = screen.screen().contents();
        text.trim_end().to_owned()
    }

    /// Waits until the screen holds a text.
    pub fn wait_for(&self, text: &str) {
        wait_until(&format!("`{text}` on the screen"), || {
            let screen = self.screen();
            screen.contains(text).then_some(()).ok_or(screen)
        });
    }

    /// Waits for the program's end; its exit status, and what is left on the screen.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it can be waited for");
        // The reader ends when the last handle of the other side is closed.
        let screen = Arc::clone(&self.screen);
        let reader = self.reader.take().expect("it is waited for once");
        reader.join().expect("it reads to the end");
        let screen = screen.lock().expect("nobody panics with it");
        let text = screen.screen().contents().trim_end().to_owned();
        (status.code(), text)
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has rows and columns")
}
