"""Lock, load, write: the SQL of the award path, for one operation or for a hundred, in the same few statements. A key
that was recalled is confirmed beside them, by `tenants.keys`.

The participant's row is the lock of all that belongs to it. A statement that waits for a lock re-reads only the rows
that it locks, so everything else is read by the statements that follow. Locks are taken in `_load` only, in the order
of participant ids. On Citus, which cannot lock rows of several shards in one statement, `_LOCK` there becomes a
pipeline of single-participant locks in that order.
"""

from gamify.ledger.store._earning import NO_EARNING as NO_EARNING
from gamify.ledger.store._earning import WantedEarning as WantedEarning
from gamify.ledger.store._load import due_participants as due_participants
from gamify.ledger.store._load import lock_and_load as lock_and_load
from gamify.ledger.store._load import still_due as still_due
from gamify.ledger.store._write import write as write
from gamify.ledger.store.rows import AccountKey as AccountKey
from gamify.ledger.store.rows import Changes as Changes
from gamify.ledger.store.rows import EarningState as EarningState
from gamify.ledger.store.rows import FactRow as FactRow
from gamify.ledger.store.rows import ParticipantState as ParticipantState
from gamify.ledger.store.rows import ProfileState as ProfileState
from gamify.ledger.store.rows import RewardCountState as RewardCountState
from gamify.ledger.store.rows import Snapshot as Snapshot
from gamify.ledger.store.rows import StoredOperation as StoredOperation
from gamify.ledger.store.rows import Transition as Transition
from gamify.ledger.store.rows import Unlock as Unlock
from gamify.ledger.store.rows import WantedLots as WantedLots
