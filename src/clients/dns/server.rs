//! One name server, asked without recursion.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use hickory_resolver::{
    net::{
        DnsHandle, NetError, runtime::TokioRuntimeProvider, tcp::TcpClientStream,
        udp::UdpClientStream,
    },
    proto::{
        op::{DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Name, RData, Record, RecordType},
    },
};

use super::shown;
use crate::model::{NameAnswer, Silent};

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A name server of a zone.
pub(super) struct NameServer {
    name: String,
    address: SocketAddr,
    /// Since when it does not tell where hosts are, if so.
    silent: Mutex<Option<Silent>>,
}

/// Who knows a zone, as the one above it says; an address stands there if that told it too.
pub(super) struct Referral {
    pub zone: Name,
    pub servers: Vec<(Name, Vec<IpAddr>)>,
}

impl NameServer {
    pub(super) fn new(name: &Name, address: SocketAddr) -> Self {
        Self {
            name: shown(name),
            address,
            silent: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Why it is to be left alone for now, if it is.
    pub(super) fn rests(&self, now: Instant) -> Option<String> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = silent.as_ref().filter(|it| it.rests(now));
        resting.map(|it| it.reason().to_owned())
    }

    /// Where a host is: its IPv4 addresses, or, where it has none, those of IPv6.
    pub(super) async fn addresses(&self, host: &Name) -> NameAnswer {
        let answer = self.where_is(host).await;
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        *silent = match &answer {
            NameAnswer::Silence(reason) => {
                let (before, now) = (silent.as_ref(), Instant::now());
                Some(Silent::again(before, reason.clone(), now))
            }
            NameAnswer::At(_) | NameAnswer::Alias(_) | NameAnswer::Missing => None,
        };
        answer
    }

    async fn where_is(&self, host: &Name) -> NameAnswer {
        for kind in [RecordType::A, RecordType::AAAA] {
            match self.ask(host, kind).await.map(|answer| addresses(&answer)) {
                // A name may be there with addresses of the other kind alone.
                Ok(NameAnswer::Missing) => {}
                Ok(answer) => return answer,
                Err(reason) => return NameAnswer::Silence(reason),
            }
        }
        NameAnswer::Missing
    }

    /// The zone below that a host belongs to, if this server says so.
    pub(super) async fn referral(&self, host: &Name) -> Result<Option<Referral>, String> {
        Ok(referral(&self.ask(host, RecordType::A).await?))
    }

    /// How long it may be remembered that a name of the zone is not there.
    pub(super) async fn negative_ttl(&self, zone: &Name) -> Option<Duration> {
        negative_ttl(&self.ask(zone, RecordType::SOA).await.ok()?)
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<DnsResponse, String> {
        let answer = self.send(name, kind).await.map_err(|error| match error {
            NetError::Timeout => format!("no answer within {} s", TIMEOUT.as_secs()),
            error => error.to_string(),
        })?;
        match answer.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => Ok(answer),
            code => Err(format!("it answers {}", code.to_str())),
        }
    }

    /// By UDP, and again by TCP what is too long for it.
    async fn send(&self, name: &Name, kind: RecordType) -> Result<DnsResponse, NetError> {
        let provider = TokioRuntimeProvider::default();
        let by_udp = UdpClientStream::builder(self.address, provider.clone())
            .with_timeout(Some(TIMEOUT))
            .exchange();
        let answer = once(&by_udp, name, kind).await?;
        if !answer.metadata.truncation {
            return Ok(answer);
        }
        let by_tcp = TcpClientStream::exchange(self.address, None, TIMEOUT, None, provider).await?;
        once(&by_tcp, name, kind).await
    }
}

async fn once(
    server: &impl DnsHandle,
    name: &Name,
    kind: RecordType,
) -> Result<DnsResponse, NetError> {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.recursion_desired = false;
    let mut answers = server.lookup(Query::query(name.clone(), kind), options);
    answers.next().await.unwrap_or(Err(NetError::Timeout))
}

/// The zone below that an answer refers to; none where it answers by itself.
fn referral(answer: &DnsResponse) -> Option<Referral> {
    // Some servers claim a referral to be authoritative: what it is made of tells.
    let denies = |record: &Record| matches!(record.data, RData::SOA(_));
    if !answer.answers.is_empty() || answer.authorities.iter().any(denies) {
        return None;
    }
    let told = answer
        .authorities
        .iter()
        .filter_map(|record| match &record.data {
            RData::NS(server) => Some((record.name.clone(), server.0.clone())),
            _ => None,
        });
    let told: Vec<_> = told.collect();
    let (zone, _) = told.first().cloned()?;
    let servers = told.into_iter().map(|(_, server)| {
        let glue = answer
            .additionals
            .iter()
            .filter(|record| record.name == server);
        let glue = glue.filter_map(|record| record.data.ip_addr()).collect();
        (server, glue)
    });
    let servers = servers.collect();
    Some(Referral { zone, servers })
}

/// The addresses in an answer, or the name at which they are to be asked for.
fn addresses(answer: &DnsResponse) -> NameAnswer {
    let found = answer
        .answers
        .iter()
        .filter_map(|record| record.data.ip_addr());
    let found: Vec<IpAddr> = found.collect();
    let mut aliases = answer
        .answers
        .iter()
        .rev()
        .filter_map(|record| match &record.data {
            RData::CNAME(target) => Some(shown(&target.0)),
            _ => None,
        });
    match aliases.next() {
        _ if !found.is_empty() => NameAnswer::At(found),
        Some(target) => NameAnswer::Alias(target),
        None => NameAnswer::Missing,
    }
}

fn negative_ttl(answer: &DnsResponse) -> Option<Duration> {
    answer.answers.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(Duration::from_secs(record.ttl.min(soa.minimum).into())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::{
        op::{Message, MessageType, OpCode},
        rr::rdata::{A, CNAME, NS, SOA},
    };
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A referral, or an answer, with one of each record that is looked for.
    fn answer(refers: bool) -> Vec<u8> {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let (zone, server) = (name("example.com."), name("ns1.example.com."));
        let record = |of: &Name, data| Record::from_rdata(of.clone(), 300, data);
        let address = RData::A(A::new(192, 0, 2, 1));
        let soa = SOA::new(server.clone(), zone.clone(), 1, 2, 3, 4, 5);
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.add_query(Query::query(name("new.example.com."), RecordType::A));
        if !refers {
            message.add_answer(record(&zone, RData::SOA(soa)));
            message.add_answer(record(&zone, RData::CNAME(CNAME(server.clone()))));
        }
        message.add_authority(record(&zone, RData::NS(NS(server.clone()))));
        message.add_additional(record(&server, address));
        message.to_vec().unwrap()
    }

    fn read(bytes: Vec<u8>) -> bool {
        let Ok(answer) = DnsResponse::from_buffer(bytes) else {
            return false;
        };
        addresses(&answer);
        negative_ttl(&answer);
        let referral = referral(&answer);
        referral.is_some_and(|it| it.servers.iter().any(|(_, glue)| !glue.is_empty()))
    }

    #[test]
    fn an_answer_that_is_whole_is_read() {
        assert!(read(answer(true)) && !read(answer(false)));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(
            changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length in any::<prop::sample::Index>(),
            bytes in vec(any::<u8>(), 0..200),
            refers in any::<bool>(),
        ) {
            let mut answer = answer(refers);
            for (at, byte) in changes {
                let at = at.index(answer.len());
                answer[at] = byte;
            }
            read(answer.clone());
            answer.truncate(length.index(answer.len()));
            read(answer);
            read(bytes);
        }
    }
}
