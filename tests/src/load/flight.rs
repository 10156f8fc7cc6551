//! The queries on one socket that were not answered yet.

/// Slots of a flight; two queries in flight never share one, unless the older is long lost.
const SLOTS: usize = 2048;

/// The queries in flight on one socket, by message id.
#[derive(Clone, Debug)]
pub struct Flight {
    slots: Vec<Slot>,
    next: u16,
    open: usize,
}

/// A query in flight; free if `sent_ns` is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    sent_ns: u64,
    mark: u64,
    id: u16,
}

impl Default for Flight {
    fn default() -> Self {
        Self { slots: vec![Slot::default(); SLOTS], next: 0, open: 0 }
    }
}

impl Flight {
    /// How many are in flight.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// The id that the next query gets.
    #[must_use]
    pub fn next_id(&self) -> u16 {
        self.next
    }

    /// Notes that the next query leaves at `now_ns`, which is not 0, with this mark of its
    /// question.
    ///
    /// Gives how many queries are lost by that: 1 if its slot was still taken.
    pub fn send(&mut self, now_ns: u64, mark: u64) -> u64 {
        let id = self.next;
        self.next = id.wrapping_add(1);
        let slot = &mut self.slots[usize::from(id) % SLOTS];
        let lost = slot.sent_ns != 0;
        *slot = Slot { sent_ns: now_ns, mark, id };
        self.open += usize::from(!lost);
        u64::from(lost)
    }

    /// Takes back the last `count` queries, which the kernel did not take.
    pub fn take_back(&mut self, count: usize) {
        for _ in 0..count {
            self.next = self.next.wrapping_sub(1);
            self.slots[usize::from(self.next) % SLOTS] = Slot::default();
            self.open -= 1;
        }
    }

    /// When the query was sent that this id and mark answer; none if there is no such query.
    pub fn answer(&mut self, id: u16, mark: u64) -> Option<u64> {
        let slot = &mut self.slots[usize::from(id) % SLOTS];
        if slot.sent_ns == 0 || slot.id != id || slot.mark != mark {
            return None;
        }
        let sent_ns = slot.sent_ns;
        *slot = Slot::default();
        self.open -= 1;
        Some(sent_ns)
    }

    /// Gives up what was sent before `before_ns`, and gives how many.
    pub fn expire(&mut self, before_ns: u64) -> u64 {
        let mut lost = 0;
        for slot in self.slots.iter_mut().filter(|s| (1..before_ns).contains(&s.sent_ns)) {
            *slot = Slot::default();
            lost += 1;
        }
        self.open -= lost;
        lost as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_needs_the_id_and_the_question_of_its_query() {
        let mut flight = Flight::default();
        assert_eq!(flight.next_id(), 0);
        assert_eq!(flight.send(10, 77), 0);
        assert_eq!(flight.send(20, 78), 0);
        assert_eq!((flight.open(), flight.next_id()), (2, 2));
        assert_eq!(flight.answer(0, 78), None);
        assert_eq!(flight.answer(SLOTS as u16, 77), None, "another id of the same slot");
        assert_eq!(flight.answer(0, 77), Some(10));
        assert_eq!(flight.answer(0, 77), None, "answered twice");
        assert_eq!(flight.open(), 1);
    }

    #[test]
    fn what_the_kernel_did_not_take_was_not_sent() {
        let mut flight = Flight::default();
        for n in 1..=3 {
            flight.send(n, n);
        }
        flight.take_back(2);
        assert_eq!((flight.open(), flight.next_id()), (1, 1));
        assert_eq!(flight.answer(1, 2), None);
    }

    #[test]
    fn old_queries_are_given_up_and_a_taken_slot_counts_as_lost() {
        let mut flight = Flight::default();
        let lost: u64 = (1..=SLOTS as u64 + 5).map(|n| flight.send(n, 0)).sum();
        assert_eq!((lost, flight.open()), (5, SLOTS));
        assert_eq!(flight.expire(11), 5);
        assert_eq!(flight.open(), SLOTS - 5);
        assert_eq!(flight.expire(u64::MAX), SLOTS as u64 - 5);
        assert_eq!(flight.open(), 0);
    }
}
