/**
 * All keys of the store begin with this. The part in braces is the hash tag by which a Redis Cluster places keys: a
 * decision, the one audit chain and the outboxes of several channels change in one transaction, so they all share it.
 * BullMQ's keys have a tag of their own ({muster}): no transaction spans both.
 *
 *   muster:{m}:fleet:<fleet>:state      hash: memory, desired, override, alert, their numbers, version, fence
 *   muster:{m}:fleet:<fleet>:freezes    hash id -> freeze (muster:{m}:freezes: those of all fleets)
 *   muster:{m}:fleet:<fleet>:holds      hash 'kind:id' -> what an open machine holds
 *   muster:{m}:fleet:<fleet>:lease      'fence holder', expires on the machine clock
 *   muster:{m}:fleet:<fleet>:records    hash id -> deflated decision record; :ids their order; :status id -> status
 *   muster:{m}:fleet:<fleet>:cycles     sorted set of the cycles that are decided
 *   muster:{m}:fleet:<fleet>:summaries  a log (see log.ts): ':tail' list of lines, ':packs' sorted set of packed lines
 *   muster:{m}:fleet:<fleet>:samples    a log
 *   muster:{m}:audit                    a log, with :head and :checkpoint
 *   muster:{m}:outbox:<channel>         :rows, :threads, :slots by key; :order by urgency; :posted, :postedAt
 *   muster:{m}:machines:<kind>         hash id -> rollout, proposal …; :revs id -> rev; :closed those that are finished
 *   muster:{m}:pager                    list of pager events
 *   muster:{m}:once:<id>                expires on the machine clock
 */
export const PREFIX = 'muster:{m}:';
