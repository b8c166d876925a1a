//! The logs of containers. What writes them may write without end, and lines without end.

use std::{collections::VecDeque, time::Duration};

use futures::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::{Api, api::LogParams};

use super::Objects;
use crate::{clients::cluster::ClusterError, model::Log};

/// The most bytes that are read for the last lines of a log: they may be long.
const MOST: usize = 16 << 20;

impl Objects {
    /// The last `lines` of a container's log, each no longer than 4 KiB, and whether it was cut. How long it
    /// takes is for the caller to bound.
    pub async fn log(
        &self,
        pod: &str,
        container: &str,
        which: Log,
        lines: u32,
    ) -> Result<Vec<(String, bool)>, ClusterError> {
        let action = || reading(pod, container);
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = LogParams {
            container: Some(container.to_owned()),
            previous: which == Log::Previous,
            tail_lines: Some(lines.into()),
            limit_bytes: i64::try_from(MOST).ok(),
            ..LogParams::default()
        };
        let stream = api.log_stream(pod, &params).await;
        let stream = stream.map_err(|error| ClusterError::new(action(), error))?;
        let last = last(stream, lines as usize).await;
        last.map_err(|error| ClusterError::garbled(action(), error.to_string()))
    }
}

fn reading(pod: &str, container: &str) -> String {
    format!("read the log of container {container} of pod {pod}")
}

/// The last lines of what comes; a server that heeds no limit is not read to its end.
async fn last(stream: impl AsyncBufRead, count: usize) -> std::io::Result<Vec<(String, bool)>> {
    let (mut stream, mut last) = (std::pin::pin!(stream.take(MOST as u64)), VecDeque::new());
    lines(&mut stream, &mut |line: &str, is_cut| {
        last.truncate(count.saturating_sub(1));
        last.push_front((line.to_owned(), is_cut));
    })
    .await?;
    if let (0, Some(newest)) = (stream.limit(), last.front_mut()) {
        newest.1 = true;
    }
    Ok(last.into_iter().rev().collect())
}

/// How long a log is left alone that broke off, and how long where it is not to be had again and again.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The longest line that is handed on, in bytes; what is longer is cut.
const LINE: usize = 4 << 10;

/// What is heard of a log that is followed.
pub enum Heard<'a> {
    /// A line, and whether it was cut.
    Line(&'a str, bool),
    /// It is not to be had for the time being, and is asked for again.
    Miss(&'a ClusterError),
}

impl Objects {
    /// Hands on each line that a container writes, from its first on, once, until an answer ends and the
    /// container does not go on, as `goes_on` tells: it may have been started anew, and the API server may end an
    /// answer in good order for which it lost the node.
    ///
    /// No answer lasts longer than the client bears, and a silent one not as long: what breaks off is asked
    /// for again from the last line's time on, and so is what is not answered for the time being.
    pub async fn follow_log(
        &self,
        pod: &str,
        container: &str,
        mut goes_on: impl FnMut() -> bool,
        mut hear: impl FnMut(Heard<'_>),
    ) -> Result<(), ClusterError> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut params = LogParams {
            container: Some(container.to_owned()),
            follow: true,
            timestamps: true,
            ..LogParams::default()
        };
        let (mut known, mut pause) = (Known::default(), PAUSE);
        loop {
            let mut news = |stamped: &str, is_cut| {
                if let Some(text) = known.news(stamped) {
                    hear(Heard::Line(text, is_cut));
                }
            };
            match api.log_stream(pod, &params).await {
                Ok(stream) => {
                    let read = lines(stream, &mut news).await;
                    if read.is_ok() && !goes_on() {
                        return Ok(());
                    }
                    params.since_time = known.resume();
                    pause = PAUSE;
                }
                Err(error) => {
                    let error = ClusterError::new(reading(pod, container), error);
                    if !error.may_pass() {
                        return Err(error);
                    }
                    hear(Heard::Miss(&error));
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// What was handed on of a log whose lines begin with their times.
#[derive(Default)]
struct Known {
    last: Option<Timestamp>,
    /// Up to where an earlier answer told: the server's `since` counts whole seconds.
    before: Option<Timestamp>,
}

impl Known {
    /// The line without its time; none where it was handed on before.
    fn news<'a>(&mut self, stamped: &'a str) -> Option<&'a str> {
        let (time, line) = stamped.split_once(' ').unwrap_or((stamped, ""));
        let Ok(time) = time.parse() else {
            return Some(stamped);
        };
        if self.before.is_some_and(|before| time <= before) {
            return None;
        }
        self.last = Some(time);
        Some(line)
    }

    /// From when on the next answer has to tell.
    fn resume(&mut self) -> Option<Timestamp> {
        self.before = self.last;
        // The client rounds to whole seconds, and up as well: that would leave lines out.
        Timestamp::from_second(self.last?.as_second()).ok()
    }
}

/// Hands on each line, and whether it was cut, until the stream ends.
async fn lines(
    stream: impl AsyncBufRead,
    line: &mut impl FnMut(&str, bool),
) -> std::io::Result<()> {
    let mut stream = std::pin::pin!(stream);
    let (mut bytes, mut is_cut) = (Vec::new(), false);
    loop {
        let piece = stream.fill_buf().await?;
        if piece.is_empty() {
            break;
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = &piece[..end.unwrap_or(piece.len())];
        let room = LINE.saturating_sub(bytes.len()).min(taken.len());
        bytes.extend_from_slice(&taken[..room]);
        is_cut |= room < taken.len();
        let read = end.map_or(piece.len(), |end| end + 1);
        stream.consume_unpin(read);
        if end.is_some() {
            line(&String::from_utf8_lossy(&bytes), is_cut);
            (bytes, is_cut) = (Vec::new(), false);
        }
    }
    if !bytes.is_empty() {
        line(&String::from_utf8_lossy(&bytes), is_cut);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::{io::Cursor, stream};
    use http::{Request, Response};
    use http_body::Frame;
    use http_body_util::StreamBody;
    use kube::{Client, client::Body};
    use serde_json::json;

    use super::*;

    /// What an API server answers with: a log that ends, one that breaks off, or a refusal of this status.
    enum Answer {
        Ends(&'static str),
        Breaks(&'static str),
        Refuses(u16),
    }

    use Answer::{Breaks, Ends, Refuses};

    /// The objects of an API server that gives these answers, and what it was asked.
    fn answering(answers: Vec<Answer>) -> (Objects, Arc<Mutex<Vec<String>>>) {
        let answers = Arc::new(Mutex::new(answers.into_iter()));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let hears = asked.clone();
        let answer = move |request: Request<Body>| {
            let query = request.uri().query().unwrap_or_default();
            hears.lock().unwrap().push(query.to_owned());
            let (status, text, ends) = match answers.lock().unwrap().next().unwrap() {
                Ends(text) => (200, text.to_owned(), true),
                Breaks(text) => (200, text.to_owned(), false),
                Refuses(code) => {
                    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
                        "status": "Failure", "code": code, "message": "no"});
                    (code, status.to_string(), true)
                }
            };
            let text = Ok(Frame::data(bytes::Bytes::from(text)));
            let breaks = (!ends).then(|| Err(std::io::Error::other("it breaks off")));
            let body = StreamBody::new(stream::iter([text].into_iter().chain(breaks)));
            let response = Response::builder().status(status).body(body).unwrap();
            std::future::ready(Ok::<_, std::convert::Infallible>(response))
        };
        let client = Client::new(tower::service_fn(answer), "betas");
        (Objects::new(client, "betas"), asked)
    }

    /// What was heard of a log that is followed, of a container that goes on at the ends of answers as these tell.
    async fn followed(
        answers: Vec<Answer>,
        goes_on: &[bool],
    ) -> (Result<(), ClusterError>, Vec<String>, Vec<String>) {
        let (objects, asked) = answering(answers);
        let (mut read, mut goes_on) = (Vec::new(), goes_on.iter());
        let hear = |heard: Heard<'_>| {
            read.push(match heard {
                Heard::Line(line, _) => line.to_owned(),
                Heard::Miss(error) => format!("miss {:?}", error.status()),
            });
        };
        let goes_on = || goes_on.next().is_some_and(|it| *it);
        let end = objects.follow_log("new-1", "web", goes_on, hear);
        let end = end.await;
        let asked = asked.lock().unwrap().clone();
        (end, read, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_breaks_off_is_taken_up_where_it_was_and_each_line_is_handed_on_once() {
        let answers = vec![
            Refuses(503),
            Breaks("2026-11-28T10:00:01.5Z one\n2026-11-28T10:00:01.7Z tw"),
            Refuses(504),
            Breaks("2026-11-28T10:00:01.5Z one\n2026-11-28T10:00:01.7Z two\n"),
            Ends("2026-11-28T10:00:01.7Z two\n2026-11-28T10:00:03Z \n"),
        ];
        let (end, read, asked) = followed(answers, &[]).await;
        end.unwrap();
        assert_eq!(read, ["miss Some(503)", "one", "miss Some(504)", "two", ""]);
        let since = |asked: &String| asked.contains("sinceTime=2026-11-28T10%3A00%3A01");
        let since: Vec<_> = asked.iter().map(since).collect();
        assert_eq!(since, [false, false, true, true, true], "{asked:?}");
    }

    /// It is the new container's that the API server tells after the break, and at the end of the old one's.
    #[tokio::test(start_paused = true)]
    async fn of_a_container_that_is_started_anew_each_line_is_handed_on_once() {
        let answers = vec![
            Breaks("2026-11-28T10:00:01Z old\n"),
            Ends("2026-11-28T10:00:05Z new\n"),
            Ends("2026-11-28T10:00:05Z new\n2026-11-28T10:00:09Z newest\n"),
        ];
        let (end, read, _) = followed(answers, &[true, false]).await;
        end.unwrap();
        assert_eq!(read, ["old", "new", "newest"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_is_not_to_be_had_is_asked_for_more_and_more_rarely() {
        let begun = tokio::time::Instant::now();
        let mut answers: Vec<_> = (0..20).map(|_| Refuses(502)).collect();
        answers.push(Ends(""));
        let (end, read, _) = followed(answers, &[]).await;
        end.unwrap();
        assert_eq!(read.len(), 20);
        let took = begun.elapsed();
        assert!(
            took > LONGEST_PAUSE * 17 && took < LONGEST_PAUSE * 20,
            "{took:?}"
        );
    }

    #[tokio::test]
    async fn a_log_that_may_not_be_read_is_not_asked_for_again() {
        let (end, _, _) = followed(vec![Refuses(403)], &[]).await;
        let error = end.unwrap_err().to_string();
        let says =
            "failed to read the log of container web of pod new-1: the cluster refuses (403)";
        assert!(error.starts_with(says), "{error}");
    }

    #[tokio::test]
    async fn of_a_log_the_last_lines_are_kept_however_long_they_are() {
        let of = async |text: String| {
            let stream = futures::io::BufReader::new(Cursor::new(text));
            last(stream, 2).await.unwrap()
        };
        let kept = |line: &str, is_cut| (line.to_owned(), is_cut);
        let three = of("one\ntwo\nthree\n".into()).await;
        assert_eq!(three, [kept("two", false), kept("three", false)]);
        let (long, cut) = ("x".repeat(99 * LINE), "x".repeat(LINE));
        let after = of(format!("one\n{long}\nlast words\n")).await;
        assert_eq!(after, [kept(&cut, true), kept("last words", false)]);
        let endless = of("a secret\n".repeat(MOST / 9 + 1)).await;
        assert_eq!(endless.last(), Some(&kept("a", true)));
    }

    #[tokio::test]
    async fn lines_are_cut_and_handed_on_as_they_end() {
        let text = format!("one\n{}\n\nlast", "x".repeat(3 * LINE));
        let mut read = Vec::new();
        let stream = futures::io::BufReader::new(Cursor::new(text));
        lines(stream, &mut |line: &str, is_cut| {
            read.push((line.to_owned(), is_cut));
        })
        .await
        .unwrap();
        let cut = "x".repeat(LINE);
        let expected = [
            ("one", false),
            (cut.as_str(), true),
            ("", false),
            ("last", false),
        ];
        assert_eq!(
            read,
            expected.map(|(line, is_cut)| (line.to_owned(), is_cut))
        );
    }
}
