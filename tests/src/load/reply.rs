//! The answer of the bare responder: what the kernel's UDP path costs, and nearly nothing else.

use crate::load::question::{self, HEADER};

/// A record of the name in the question: A, class IN, TTL 30, 192.0.2.1.
const RECORD: [u8; 16] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, 1];
/// An OPT record that offers 1232 bytes.
const OPT: [u8; 11] = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];

/// Turns the query at the start of `buffer` into its answer and gives that one's length.
///
/// One fixed A record, and an OPT if the query had one right after its question. None if it is no
/// query, or if the answer has no room.
pub fn reply(buffer: &mut [u8], length: usize) -> Option<usize> {
    let query = buffer.get(..length)?;
    let question_end = question::end(query)?;
    if query.get(2)? & 0x80 != 0 {
        return None;
    }
    let is_opt = query.get(question_end..question_end + 3) == Some(&OPT[..3]);
    let additionals = query.get(10..12)? != [0, 0].as_slice();
    let has_opt = additionals && is_opt;
    let record_end = question_end + RECORD.len();
    let end = record_end + if has_opt { OPT.len() } else { 0 };
    // Before the first byte is written: what cannot be answered stays as it is.
    let answer = buffer.get_mut(..end)?;
    answer[2..HEADER].copy_from_slice(&[0x84, 0, 0, 1, 0, 1, 0, 0, 0, u8::from(has_opt)]);
    answer[question_end..record_end].copy_from_slice(&RECORD);
    if has_opt {
        answer[record_end..].copy_from_slice(&OPT);
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::random::Random;
    use crate::load::template::Template;
    use hickory_proto::op::Message;

    fn answer(template: &Template) -> Message {
        let mut buffer = [0; 600];
        let length = template.write(77, &mut Random::new(1), &mut buffer);
        let length = reply(&mut buffer, length).unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }

    #[test]
    fn a_query_is_answered_with_one_address() {
        let message = answer(&Template::new("www.load.example."));
        assert_eq!((message.metadata.id, message.answers.len()), (77, 1));
        assert_eq!(message.answers[0].data.to_string(), "192.0.2.1");
        assert!(message.edns.is_none() && message.metadata.authoritative);
    }

    #[test]
    fn a_query_with_edns_is_answered_with_edns() {
        let template = Template::new("www.load.example.").subnet();
        assert_eq!(answer(&template).edns.unwrap().max_payload(), 1232);
    }

    #[test]
    fn what_is_no_query_is_not_answered() {
        let mut buffer = [0; 600];
        let length = Template::new("a.example.").write(1, &mut Random::new(1), &mut buffer);
        assert_eq!(reply(&mut buffer, length - 1), None);
        assert_eq!(reply(&mut buffer[..length], length), None, "no room");
        let answered = reply(&mut buffer, length).unwrap();
        assert_eq!(reply(&mut buffer, answered), None, "an answer is not answered");
    }
}
